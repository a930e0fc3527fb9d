"""The places in which the commands of a page are typed, by the name that the page's setup comment gives."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.blackbox.project import Project, copy_project, release_first, released_project, write_project
from tests.docs.page_blocks import ROOT, pages, read_page
from tests.docs.page_run import PageSession

_AFTER = "after "
_TUTORIAL = "docs/tutorial/first-release.md"
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="the pages show what Linux with bash and GNU tools prints"
)


def pages_below(folder: str) -> list[str]:
    """The pages below a folder that have something to run."""
    return [name for name in pages() if name.startswith(folder) and read_page(name).runs()]


def follow(name: str, folder: Path) -> None:
    """Do what a page says, in an empty folder; raises AssertionError at the first line that is not true."""
    page = read_page(name)
    scratch = folder / "scratch"
    scratch.mkdir()
    PageSession(set_up(page.setup, folder / "work"), scratch).play(page)


def set_up(setup: str, folder: Path) -> Path:
    """Make the place and return it; raises KeyError for a setup of another name.

    `empty` is an empty folder; `tiny` the committed project of the black-box tests, `tiny released` the same with its
    release; `tiny rebuilt` has a rebuild, a remote and a destination as well, `tiny sealed` the tag too; `model files`
    the three files of a model; `checkout` this repository; `after PAGE` what a reader has who followed that page.
    """
    if setup.startswith(_AFTER):
        shutil.copytree(_after(setup.removeprefix(_AFTER)), folder, symlinks=True)
        return folder
    _SETUPS[setup](folder)
    return folder


@cache
def _after(name: str) -> Path:
    """Follow a page once; its project is then copied, never changed."""
    page = read_page(name)
    place = Path(tempfile.mkdtemp(prefix="page-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    scratch = place / "scratch"
    scratch.mkdir()
    session = PageSession(set_up(page.setup, place / "start"), scratch)
    session.play(page)
    return session.folder


def _model_files(folder: Path) -> None:
    """What somebody has who trained a model elsewhere: its files, under git."""
    shutil.copytree(_after(_TUTORIAL) / "build", folder)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)


def _rebuilt(folder: Path) -> Project:
    """A candidate that nothing speaks against, a bare repository as its remote, and a folder to publish to."""
    project = copy_project(_rebuilt_once(), folder)
    origin = folder.with_name("origin.git")
    project.git("init", "-q", "--bare", str(origin))
    project.git("remote", "add", "origin", str(origin))
    return project


@cache
def _rebuilt_once() -> Project:
    place = Path(tempfile.mkdtemp(prefix="rebuilt-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    project = write_project(place / "project")
    project.write(".gitignore", project.read(".gitignore") + "/models/\n")
    project.write("release.toml", project.read("release.toml") + _STORE)
    _must(release_first(project), "reproduce")
    return project


def _sealed(folder: Path) -> None:
    _must(_rebuilt(folder), "tag")


def _must(project: Project, *args: str) -> None:
    done = project.doit(*args)
    assert done.returncode == 0, done.stdout + done.stderr


def _checkout(folder: Path) -> None:
    """The files of this repository as they are on disk, in one commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True
    )
    for name in listed.stdout.split("\0")[:-1]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    project = Project(folder)
    project.git("init", "-q", "-b", "main")
    project.commit("feat: all of it")


_STORE = """
[publish.store]
uri = "directory:models"
"""
_SETUPS: dict[str, Callable[[Path], object]] = {
    "checkout": _checkout,
    "empty": lambda folder: folder.mkdir(),
    "model files": _model_files,
    "tiny": write_project,
    "tiny rebuilt": _rebuilt,
    "tiny released": released_project,
    "tiny sealed": _sealed,
}
