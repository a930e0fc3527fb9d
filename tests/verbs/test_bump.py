"""The files of `bump`: all or nothing, comments kept; the rest is driven as a user does it in test_900."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.load import load_release
from release_tasks.errors import ConfigError, StorageError
from release_tasks.verbs import bump as module
from release_tasks.verbs.bump import Bump, plan_bump, write_bump
from tests.fakes.small_project import small_project

TODAY = dt.date(2026, 2, 28)


def planned(root: Path, wish: str) -> Bump:
    return plan_bump(load_release(root / "release.toml", environ={}), wish, today=TODAY)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = small_project(tmp_path / "project").root
    file = found / "release.toml"
    text = file.read_text("utf-8").replace('version = "1.0.0"', 'version   =  "1.0.0"   # kept\n')
    file.write_text("# first\n" + text + '\n[versioning]\nfiles = ["a.txt", "b.txt"]\n', "utf-8")
    (found / "a.txt").write_text("tiny-1.0.0\r\n", "utf-8", newline="")
    (found / "b.txt").write_text("v1.0.0 and 1.0.0\n", "utf-8")
    return found


def test_every_file_and_every_comment(root: Path) -> None:
    before = (root / "release.toml").read_text("utf-8")
    bump = planned(root, "minor")
    assert [path for path, _ in bump.files] == ["a.txt", "b.txt", "release.toml"]
    write_bump(bump, root)
    assert (root / "a.txt").read_bytes() == b"tiny-1.1.0\r\n"
    assert (root / "b.txt").read_text("utf-8") == "v1.1.0 and 1.1.0\n"
    assert (root / "release.toml").read_text("utf-8") == before.replace('"1.0.0"', '"1.1.0"')
    assert planned(root, "1.1.0").files == ()


def test_a_file_that_cannot_be_written_takes_all_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in root.glob("*.t*")}
    write = module.write_atomic
    seen: list[str] = []

    def refuse(path: Any, data: bytes) -> None:
        seen.append(Path(path).name)
        if Path(path).name == "release.toml":
            raise StorageError("no space", where=os.fspath(path))
        write(path, data)

    monkeypatch.setattr(module, "write_atomic", refuse)
    with pytest.raises(StorageError):
        write_bump(planned(root, "minor"), root)
    assert seen == ["a.txt", "b.txt", "release.toml", "a.txt", "b.txt"]
    assert {path.name: path.read_bytes() for path in root.glob("*.t*")} == before


def test_what_was_half_done_is_finished(root: Path) -> None:
    (root / "a.txt").write_text("tiny-1.1.0\n", "utf-8")
    assert [path for path, _ in planned(root, "minor").files] == ["b.txt", "release.toml"]


def test_a_file_that_is_no_text_is_refused(root: Path) -> None:
    (root / "b.txt").write_bytes(b"1.0.0 \xff")
    with pytest.raises(ConfigError) as caught:
        planned(root, "minor")
    assert str(caught.value) == (
        "a file of versioning.files cannot be read as text\n"
        "  wanted: a file in UTF-8\n"
        "  found:  other bytes\n"
        "  where:  b.txt"
    )


def test_other_lines_of_release_toml_are_shown_or_replaced(root: Path) -> None:
    file = root / "release.toml"
    text = file.read_text("utf-8").replace("# first", "# first after 1.0.0")
    file.write_text(text, "utf-8")
    assert planned(root, "minor").elsewhere == ((1, "# first after 1.0.0"),)
    file.write_text(text.replace('["a.txt"', '["release.toml", "a.txt"'), "utf-8")
    bump = planned(root, "minor")
    assert bump.elsewhere == ()
    assert dict(bump.files)["release.toml"].startswith(b"# first after 1.1.0\n")


def test_what_a_killed_bump_left_is_removed(root: Path) -> None:
    for name in (".release.toml.0123456789abcdef.tmp", ".mine.0123456789abcdef.tmp"):
        (root / name).write_text("x")
    write_bump(planned(root, "minor"), root)
    assert [path.name for path in root.glob(".*.tmp")] == [".mine.0123456789abcdef.tmp"]
