"""The places in which the commands of a page are typed, by the name that the page's setup comment gives."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.blackbox.project import released_project, write_project
from tests.docs.page_blocks import pages, read_page
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
    release; `model files` the three files of a model; `after PAGE` what a reader has who followed that page.
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


_SETUPS = {
    "empty": lambda folder: folder.mkdir(),
    "model files": _model_files,
    "tiny": write_project,
    "tiny released": released_project,
}
