from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError, PathError
from release_tasks.formats.checksum_file import dump_checksums, parse_checksums
from release_tasks.records.digest import Digest, sha256

A, B = "a" * 64, "b" * 64
PART = st.text("abcé名_- .x1", min_size=1, max_size=8).map(lambda text: f"n{text}n")
PATHS = st.lists(PART, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".f")  # never a folder too
ENTRIES = st.dictionaries(PATHS, st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=6)


@given(ENTRIES)
def test_what_is_dumped_parses_back_sorted(entries: dict[str, str]) -> None:
    pairs = [(path, sha256(digits)) for path, digits in entries.items()]
    data = dump_checksums(reversed(pairs))
    assert parse_checksums(data) == tuple(sorted(pairs))
    assert data == dump_checksums(pairs)


def test_the_bytes_are_these() -> None:
    assert dump_checksums([("docs/b c.md", sha256(B)), ("a", sha256(A))]) == (
        f"{A}  a\n{B}  docs/b c.md\n".encode()
    )


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no GNU coreutils here")
def test_sha256sum_accepts_it_strictly_and_notices_a_changed_byte(tmp_path: Path) -> None:
    files = {"a.txt": b"1", "dir/naïve name.bin": b"\0\1", "empty": b"", "*star": b"s"}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    sums = [(name, sha256(hashlib.sha256(data).hexdigest())) for name, data in files.items()]
    (tmp_path / "checksum.txt").write_bytes(dump_checksums(sums))
    check = ["sha256sum", "-c", "--strict", "--quiet", "checksum.txt"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (tmp_path / "empty").write_bytes(b"x")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "checksum file is empty\n  wanted: at least one line\n  where:  checksum.txt"),
        (
            f"{A}  a".encode(),
            "checksum file is cut off\n  wanted: a newline at the end\n  where:  checksum.txt",
        ),
        (b"\xff\n", "checksum file is not UTF-8\n  found: offset 0\n  where: checksum.txt"),
        (
            f"{A}  a\n\n".encode(),
            "not a checksum line\n  wanted: 64 lower-case hex digits, two spaces, a path\n  found:  ''\n  where:  checksum.txt, line 2",
        ),
        (
            f"{A} *a\n".encode(),
            f"not a checksum line\n  wanted: 64 lower-case hex digits, two spaces, a path\n  found:  '{A} *a'\n  where:  checksum.txt, line 1",
        ),
        (
            f"{A.upper()}  a\n".encode(),
            f"not a checksum line\n  wanted: 64 lower-case hex digits, two spaces, a path\n  found:  '{A.upper()}  a'\n  where:  checksum.txt, line 1",
        ),
        (
            f"\\{A}  a\\nb\n".encode(),
            f"not a checksum line\n  wanted: 64 lower-case hex digits, two spaces, a path\n  found:  '\\\\{A}  a\\\\nb'\n  where:  checksum.txt, line 1",
        ),
        (
            f"{A}  b\n{B}  a\n".encode(),
            "checksum lines are not sorted, each path once\n  wanted: a path after b\n  found:  a\n  where:  checksum.txt, line 2",
        ),
        (
            f"{A}  a\n{B}  a\n".encode(),
            "checksum lines are not sorted, each path once\n  wanted: a path after a\n  found:  a\n  where:  checksum.txt, line 2",
        ),
        (
            f"{A}  ../x\n".encode(),
            "path refused: it has a '..' component\n  wanted: a relative POSIX path inside the tree\n  found:  '../x'\n  where:  checksum.txt, line 1",
        ),
        (
            f"{A}  a\r\n".encode(),
            "path refused: it holds a control character\n  wanted: a relative POSIX path inside the tree\n  found:  'a\\r'\n  where:  checksum.txt, line 1",
        ),
        (
            f"{A}  A\n{B}  a\n".encode(),
            "two paths collide on a case-insensitive file system\n  wanted: names that differ by more than case or Unicode form\n  found:  A and a\n  where:  checksum.txt",
        ),
    ],
)
def test_every_other_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_checksums(data, where="checksum.txt")
    assert str(caught.value) == message


def test_the_writer_refuses_other_algorithms_and_nothing() -> None:
    with pytest.raises(FormatError, match="checksum files hold SHA-256"):
        dump_checksums([("a", Digest("blake3", A))])
    with pytest.raises(FormatError, match="a checksum file without entries"):
        dump_checksums([])
    with pytest.raises(PathError, match="path refused: it is absolute"):
        dump_checksums([("/etc/passwd", sha256(A))])


@given(st.text("ab0/. \n", max_size=200).map(str.encode) | st.binary(max_size=80))
def test_what_parses_is_what_would_be_dumped(data: bytes) -> None:
    try:
        entries = parse_checksums(data)
    except FormatError:
        return
    assert dump_checksums(entries) == data
