"""The page of a release through the commands that a user types: drawn last, when asked for, and again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from project import (
    Project,
    contents,
    copy_project,
    flip_last,
    ran,
    release_first,
    rows,
    snapshot,
    write_project,
)

PAGE = "release/1.0.0.html"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project with a page; never change it, copy it."""
    project = write_project(tmp_path_factory.mktemp("page") / "project")
    project.replace("release.toml", 'bundles = ["zip", "tar"]\n', 'bundles = ["zip"]\npage = true\n')
    return release_first(project)


@pytest.fixture
def drawn(original: Project, tmp_path: Path) -> Project:
    return copy_project(original, tmp_path / "project")


def test_the_page_is_drawn_last_and_only_when_something_changed(drawn: Project) -> None:
    project = drawn
    page = project.path(PAGE)
    text = project.read(PAGE)
    package = json.loads(project.read(".release/records/package.json"))
    assert package["root"] in text
    assert "No step of this release is recorded" not in text
    assert 'aria-label="Lineage graph"' in text
    before = snapshot(page)

    done = project.doit("release")
    assert (done.returncode, ran(done), snapshot(page)) == (0, [], before)

    tree = contents(project.path("release/1.0.0"))
    page.write_text("other words\n", "utf-8")
    done = project.doit("release")
    assert (ran(done), project.read(PAGE)) == (["page"], text)
    assert contents(project.path("release/1.0.0")) == tree
    assert not [path for path in tree if path.endswith(".html")]

    done = project.doit("reproduce")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"  page          {PAGE}\n")
    text = project.read(PAGE)
    done = project.doit("release")
    assert (ran(done), project.read(PAGE)) == (["page"], text)
    assert "level 1, rebuilt on this machine under variation" in project.read(PAGE)
    assert rows(done)["seal"] == "can be sealed"


def test_the_verb_draws_the_page_of_any_release_that_verifies(released: Project) -> None:
    assert not released.path(PAGE).exists()
    done = released.tasks("page")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"wrote {PAGE}\n", "")
    text = released.read(PAGE)
    done = released.doit("page", "release/1.0.0", "--output", "there.html")
    assert (done.returncode, done.stdout) == (0, "wrote there.html\n")
    assert released.read("there.html") == text

    config = released.path("release/1.0.0/config.json")
    config.chmod(0o644)
    config.write_bytes(flip_last(config.read_bytes()))
    done = released.tasks("page", "release/1.0.0")
    assert done.returncode == 1
    assert done.stderr.startswith("the release does not verify: ")
    assert "Traceback" not in done.stderr
    assert released.read(PAGE) == text


def test_without_matplotlib_nothing_long_begins(fresh: Project) -> None:
    fresh.replace("release.toml", 'bundles = ["zip", "tar"]\n', "page = true\n")
    fresh.write("blind/sitecustomize.py", 'import sys\nsys.modules["matplotlib"] = None\n')
    done = fresh.doit("release", env={"PYTHONPATH": str(fresh.path("blind"))})
    assert (done.returncode, ran(done)) == (2, [])
    assert done.stderr == (
        "the page needs matplotlib, which draws its charts\n"
        "  wanted: the extra plot\n"
        "  found:  no module matplotlib\n"
        "  hint:   pip install 'release_tasks[plot]', or leave page out of [release]\n"
    )


def test_a_rejected_candidate_keeps_no_page(drawn: Project) -> None:
    project = drawn
    assert project.path(PAGE).exists()
    project.replace("scripts/smoke.py", "return {words}", "return (")
    project.commit("broken")
    project.doit("freeze", "--update")
    project.commit("freeze")
    assert project.doit("release").returncode == 1
    assert not project.path(PAGE).exists()
    assert project.path("release/.rejected/1.0.0").exists()
