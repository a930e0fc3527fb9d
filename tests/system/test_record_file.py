from __future__ import annotations

import os
from pathlib import Path

import pytest

from release_tasks.errors import FormatError
from release_tasks.system import record_file
from release_tasks.system.record_file import read_record_file


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_bytes(b"{}\n")
    assert read_record_file(tmp_path / "record.json", where="record.json") == b"{}\n"


@pytest.mark.skipif(os.name == "nt", reason="no named pipes below a folder")
@pytest.mark.parametrize("kind", ["a directory", "a symbolic link", "a named pipe"])
def test_nothing_else_is_opened(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "record.json"
    if kind == "a directory":
        file.mkdir()
    elif kind == "a symbolic link":
        file.symlink_to("nowhere")
    else:
        os.mkfifo(file)
    with pytest.raises(FormatError) as caught:
        read_record_file(file, where="beside/record.json")
    assert str(caught.value) == (
        f"not a record\n  wanted: a regular file\n  found:  {kind}\n  where:  beside/record.json"
    )


def test_a_file_that_would_fill_the_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_file, "MAX_RECORD_BYTES", 10)
    (tmp_path / "record.json").write_bytes(b"x" * 11)
    with pytest.raises(FormatError) as caught:
        read_record_file(tmp_path / "record.json", where="record.json")
    assert str(caught.value) == (
        "too large for a record\n  wanted: at most 10 bytes\n  found:  11 bytes\n  where:  record.json"
    )


def test_a_file_that_is_not_there_is_what_the_system_says(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_record_file(tmp_path / "record.json", where="record.json")
