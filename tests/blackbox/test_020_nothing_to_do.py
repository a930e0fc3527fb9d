"""The second run: nothing runs, nothing is touched, nothing heavy is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import SEALABLE, Project, ran, rows, snapshot

HEAVY = ("numpy", "jinja2", "jsonschema", "yaml", "rich")
SPY = """import atexit, os, pathlib, sys
atexit.register(lambda: pathlib.Path(os.environ["SPY"]).write_text(" ".join(sys.modules)))
"""


def test_the_second_release_runs_no_step_and_touches_nothing(released: Project) -> None:
    released.doit("release")  # a copied project hashes its files once
    before = snapshot(released.path("release")), snapshot(released.path("build"))
    done = released.doit("release")
    assert (done.returncode, done.stderr, ran(done)) == (0, "", [])
    assert rows(done)["steps"] == "none run, 17 up to date"
    assert rows(done)["seal"] == SEALABLE
    assert (snapshot(released.path("release")), snapshot(released.path("build"))) == before


@pytest.mark.parametrize("command", [("release",), ()])
def test_a_run_that_has_nothing_to_do_imports_nothing_that_only_running_needs(
    released: Project, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "spy").mkdir()
    (tmp_path / "spy/sitecustomize.py").write_text(SPY)
    path = os.pathsep.join(filter(None, (str(tmp_path / "spy"), os.environ.get("PYTHONPATH"))))
    done = released.doit(*command, env={"PYTHONPATH": path, "SPY": str(tmp_path / "modules")})
    imported = set((tmp_path / "modules").read_text().split())
    assert rows(done)["steps"] == "none run, 17 up to date"
    assert "release_tasks.engine.graph_commands" in imported
    assert not {name.partition(".")[0] for name in imported} & set(HEAVY)


def test_doit_alone_is_doit_release(released: Project) -> None:
    alone, named = released.doit(), released.doit("release")
    assert (alone.returncode, alone.stdout) == (0, named.stdout)


def test_the_console_script_does_the_same(released: Project) -> None:
    assert released.tasks("release").stdout == released.doit("release").stdout


def test_from_a_folder_below_it_is_the_same_project(released: Project) -> None:
    done = Project(released.path("scripts")).tasks("release", "--config", "../release.toml")
    assert (done.returncode, rows(done)["steps"]) == (0, "none run, 17 up to date"), done.stderr


def test_a_copy_elsewhere_stands_as_well(released: Project) -> None:
    moved = Project(released.root.with_name("moved"))
    os.rename(released.root, moved.root)  # noqa: PTH104 - a whole folder
    assert rows(moved.doit("release"))["steps"] == "none run, 17 up to date"
