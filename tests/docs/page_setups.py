"""The places in which the commands of a page are typed, by the name that the page's setup comment gives."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.blackbox.project import released_project, write_project
from tests.docs.page_blocks import ROOT, read_page
from tests.docs.page_run import PageSession

_AFTER = "after "


def set_up(setup: str, folder: Path) -> Path:
    """Make the place and return it; raises KeyError for a setup of another name.

    `empty` is an empty folder; `tiny` the committed project of the black-box tests, `tiny released` the same with its
    release; `repository` this repository's files; `after PAGE` what a reader has who followed that page.
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
    scratch = place / "scratch"
    scratch.mkdir()
    session = PageSession(set_up(page.setup, place / "start"), scratch)
    session.play(page)
    return session.folder


def _repository(folder: Path) -> None:
    names = ("release_tasks", "examples", "docs", "release.toml", "release_policy.yml", "dodo.py", "pyproject.toml")
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


_SETUPS = {
    "empty": lambda folder: folder.mkdir(),
    "tiny": write_project,
    "tiny released": released_project,
    "repository": _repository,
}
