"""The second run: nothing runs, nothing is touched, nothing heavy is imported."""

from __future__ import annotations

import os

import pytest
from project import Project, ran, rows, script, snapshot

HEAVY = ("numpy", "jinja2", "jsonschema", "yaml", "rich")


def test_the_second_release_runs_no_step_and_touches_nothing(released: Project) -> None:
    released.doit("release")  # a copied project hashes its files once
    before = snapshot(released.path("release")), snapshot(released.path("build"))
    done = released.doit("release")
    assert (done.returncode, done.stderr, ran(done)) == (0, "", [])
    assert rows(done)["steps"] == "none run, 12 up to date"
    assert rows(done)["seal"] == "can be sealed"
    assert (snapshot(released.path("release")), snapshot(released.path("build"))) == before


@pytest.mark.parametrize("command", [("release",), ()])
def test_a_run_that_has_nothing_to_do_imports_nothing_that_only_running_needs(
    released: Project, command: tuple[str, ...]
) -> None:
    done = released.doit(*command, env={"PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert rows(done)["steps"] == "none run, 12 up to date"
    assert "release_tasks.engine.graph_commands" in imported
    assert not {name.partition(".")[0] for name in imported} & set(HEAVY)


def test_doit_alone_is_doit_release(released: Project) -> None:
    alone, named = released.doit(), released.doit("release")
    assert (alone.returncode, alone.stdout) == (0, named.stdout)


def test_the_console_script_does_the_same(released: Project) -> None:
    assert released.tasks("release").stdout == released.doit("release").stdout


def test_from_a_folder_below_it_is_the_same_project(released: Project) -> None:
    below = Project(released.path("scripts"))
    done = below.run([script("doit"), "-f", "../dodo.py", "release"])
    assert (done.returncode, rows(done)["steps"]) == (0, "none run, 12 up to date"), done.stderr


def test_a_copy_elsewhere_stands_as_well(released: Project) -> None:
    moved = Project(released.root.with_name("moved"))
    os.rename(released.root, moved.root)  # noqa: PTH104 - a whole folder
    assert rows(moved.doit("release"))["steps"] == "none run, 12 up to date"
