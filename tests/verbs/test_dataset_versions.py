from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from release_tasks.policy.dataset_diff import compare_statistics
from release_tasks.records.release_difference import DatasetDifference, NameChanges
from release_tasks.verbs import dataset_versions
from release_tasks.verbs.dataset_versions import with_records

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
CONFIG = b'schema = 1\n[dataset]\nid = "key"\n'


def rows(*values: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def commit(root: Path, **files: bytes) -> str:
    for name, data in {
        "release.toml": CONFIG,
        **{f"{key}.jsonl": data for key, data in files.items()},
    }.items():
        (root / name).write_bytes(data)

    def git(*args: str) -> str:
        return subprocess.run(
            ["git", *args], cwd=root, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "data")
    return git("rev-parse", "HEAD")


def statistics(**files: bytes) -> dict[str, Any]:
    return {
        "files": [
            {"path": f"{key}.jsonl", "sha256": hashlib.sha256(data).hexdigest(), "records": 1}
            for key, data in files.items()
        ]
    }


def compared(before: tuple[Any, str | None], after: tuple[Any, str | None], root: Path) -> DatasetDifference:
    return with_records(compare_statistics(before[0], after[0]), before, after, cwd=root)


OLD = rows({"key": "a", "v": 1}, {"key": "b"})
NEW = rows({"key": "a", "v": 2}, {"key": "c"})


@pytest.fixture
def sides(tmp_path: Path) -> tuple[tuple[Any, str], tuple[Any, str]]:
    same = rows({"key": "same"})
    old = commit(tmp_path, one=OLD, same=same)
    new = commit(tmp_path, one=NEW, same=same)
    return (statistics(one=OLD, same=same), old), (statistics(one=NEW, same=same), new)


def test_records_are_those_of_the_two_commits(sides: Any, tmp_path: Path) -> None:
    found = compared(*sides, tmp_path)
    assert (found.compared, found.note) == ("records", None)
    assert found.records == NameChanges(added=("c",), removed=("b",), changed=("a",))
    assert compared(sides[0], sides[0], tmp_path) == DatasetDifference()


def test_records_without_the_words_of_a_configuration(sides: Any, tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_text("not toml")
    subprocess.run(["git", "commit", "-qam", "x"], cwd=tmp_path, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    found = compared(sides[0], (sides[1][0], head.stdout.strip()), tmp_path)
    assert found.records.added == ("one.jsonl#1", "one.jsonl#2")


def test_why_records_were_not_compared(sides: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = sides
    said = "records were not compared: "
    assert compared((old[0], None), new, tmp_path).note == f"{said}a release names no commit"
    assert compared((old[0], "--help"), new, tmp_path).note == f"{said}a release names no commit"
    note = compared(old, (new[0], "0" * 40), tmp_path).note
    assert note == f"{said}no 'one.jsonl' at commit 000000000000 in the repository around {tmp_path.name}"
    note = compared(old, (new[0], old[1]), tmp_path).note
    assert note == f"{said}commit {old[1][:12]} has other bytes of 'one.jsonl' than the release"
    bad = b"[1]\n"
    third = commit(tmp_path, one=bad)
    assert compared(old, (statistics(one=bad), third), tmp_path).note == f"{said}'one.jsonl': not a record"
    monkeypatch.setattr(dataset_versions, "MOST_FILES", 0)
    assert compared(old, new, tmp_path).note == f"{said}1 files differ, more than 0"


def test_files_of_another_root_are_not_in_git(sides: Any, tmp_path: Path) -> None:
    outside = {"files": [{"path": "HUB:one.jsonl", "sha256": "0" * 64, "records": 1}]}
    found = compared(sides[0], (outside, sides[1][1]), tmp_path)
    assert found.compared == "files"
    assert found.files.added == ("HUB:one.jsonl",)
