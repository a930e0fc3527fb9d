from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from release_tasks.engine.checker import ContentChecker
from tests.fakes.small_project import SmallProject, small_project

IN = hashlib.sha256(b"in").hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return small_project(tmp_path / "project", files={"sub/in.txt": b"in"})


def checker(project: SmallProject, base: Path | None = None) -> ContentChecker:
    workspace = project.again().workspace
    return ContentChecker(lambda: workspace, str(base or project.root))


@pytest.mark.parametrize(
    ("base", "path"),
    [(".", "sub/in.txt"), ("sub", "in.txt"), ("..", "project/sub/in.txt"), ("other", "../sub/in.txt")],
)
def test_a_file_is_known_by_its_bytes_wherever_doit_works(
    project: SmallProject, base: str, path: str
) -> None:
    found = checker(project, (project.root / base).resolve())
    assert found.get_state(path, None) == IN
    assert found.get_state(str(project.root / "sub/in.txt"), None) == IN
    assert found.get_state(path, IN) is None  # doit's word for "as saved"
    assert not found.check_modified(path, found.info(path), IN)
    assert found.check_modified(path, found.info(path), None)
    assert found.check_modified(path, found.info(path), "0" * 64)


def test_a_touch_is_no_change_and_an_edit_with_the_old_mtime_is_one(project: SmallProject) -> None:
    """doit's own checker trusts mtime (design §6)."""
    path = project.root / "sub/in.txt"
    os.utime(path, ns=(5, 5))
    assert not checker(project).check_modified("sub/in.txt", None, IN)
    path.write_bytes(b"IN")
    os.utime(path, ns=(5, 5))
    assert checker(project).check_modified("sub/in.txt", None, IN)


def test_a_missing_file_has_changed_and_cannot_be_saved(project: SmallProject) -> None:
    found = checker(project)
    assert found.info("no.txt") == "no.txt"
    assert found.check_modified("no.txt", None, IN)
    assert not found.check_modified("no.txt", None, None)
    with pytest.raises(FileNotFoundError):
        found.get_state("no.txt", None)


def test_a_file_outside_is_known_too(project: SmallProject, tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    (tmp_path / "a:b" / "x").write_bytes(b"in")
    assert checker(project).get_state(str(tmp_path / "a:b" / "x"), None) == IN


def test_the_workspace_is_asked_for_at_the_first_file(tmp_path: Path) -> None:
    """doit makes checkers before it loads tasks."""
    ContentChecker(lambda: pytest.fail("too early"), str(tmp_path)).info("x")
