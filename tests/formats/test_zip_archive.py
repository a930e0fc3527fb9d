from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError, IntegrityError, PathError
from release_tasks.formats.archive_member import Member
from release_tasks.formats.zip_archive import read_zip_members, write_zip
from release_tasks.formats.zip_header import ZipEntry, central_header, end_records, local_header

FILES = {
    "b.txt": b"bee",
    "docs/a.md": b"",
    "a.bin": bytes(range(256)) * 5,
    "é重.json": b"{}",
    "x" * 120: b"long",
}
SAFE = st.text("abcde重-_", min_size=1, max_size=40)


def member(path: str, data: bytes) -> Member:
    return Member(path=path, size=len(data), open=lambda: io.BytesIO(data))


def pack(files: dict[str, bytes], folder: str = "m") -> bytes:
    out = io.BytesIO()
    size = write_zip(out, folder, [member(path, data) for path, data in files.items()])
    assert size == len(out.getvalue())
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    found = read_zip_members(io.BytesIO(data), where="r.zip")
    return {f"{one.folder}/{one.path}": b"".join(one.chunks) for one in found}


@given(st.dictionaries(SAFE, st.binary(max_size=1500), min_size=1, max_size=5), SAFE, st.randoms())
def test_what_is_written_reads_back_and_order_does_not_matter(
    files: dict[str, bytes], folder: str, random: object
) -> None:
    data = pack(files, folder)
    items = list(files.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert pack(dict(items), folder) == data
    assert unpack(data) == {f"{folder}/{path}": files[path] for path in sorted(files)}


def foreign(files: dict[str, bytes], edit: Callable[[zipfile.ZipInfo], object] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            if edit:
                edit(info)
            archive.writestr(info, data)
    return out.getvalue()


def test_the_bytes_are_those_of_zipfile_with_every_field_fixed() -> None:
    assert pack(FILES) == foreign({f"m/{path}": data for path, data in sorted(FILES.items())})


def test_zipfile_reads_and_checks_it(tmp_path: Path) -> None:
    (tmp_path / "r.zip").write_bytes(pack(FILES))
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"m/{path}" for path in sorted(FILES)]
        archive.extractall(tmp_path)
    for path, data in FILES.items():
        assert (tmp_path / "m" / path).read_bytes() == data


def test_members_left_unread_are_still_checked() -> None:
    assert [one.path for one in read_zip_members(io.BytesIO(pack(FILES)))] == sorted(FILES)


def sparse_zip(path: Path, sizes: dict[str, int]) -> None:
    """Write headers around holes; the CRCs are not those of the zeros in them."""
    entries = []
    with path.open("wb") as out:
        for name, size in sizes.items():
            entry = ZipEntry(name=name, size=size, crc=7, offset=out.tell())
            out.write(local_header(entry))
            out.seek(size, os.SEEK_CUR)
            entries.append(entry)
        offset = out.tell()
        directory = b"".join(map(central_header, entries))
        out.write(directory + end_records(entries, directory_offset=offset, directory_size=len(directory)))


def test_sizes_and_offsets_over_4_gib_are_read_by_zipfile(tmp_path: Path) -> None:
    sizes = {"m/a": 3, "m/b": 2**32 - 1, "m/c": 5 * 2**30, "m/d": 2**32 - 2, "m/e": 1}
    sparse_zip(tmp_path / "r.zip", sizes)
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        assert {info.filename: info.file_size for info in archive.infolist()} == sizes
        with archive.open("m/c") as opened:  # compares the local header with the directory
            assert opened.read(1) == b"\0"
        with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32 for file 'm/e'"):
            archive.read("m/e")


def test_a_local_zip64_header_is_read_by_us(tmp_path: Path) -> None:
    sparse_zip(tmp_path / "r.zip", {"m/b": 2**32 - 1, "m/c": 1})
    with (tmp_path / "r.zip").open("rb") as stream:
        first = next(read_zip_members(stream))
        assert (first.path, first.size) == ("b", 2**32 - 1)


@pytest.mark.slow
def test_a_file_over_4_gib_goes_there_and_back(tmp_path: Path) -> None:
    size = 2**32 + 5
    source = tmp_path / "zeros"
    with source.open("wb") as out:
        out.truncate(size)
    with (tmp_path / "r.zip").open("wb") as out:
        opened = cast("Callable[[], BinaryIO]", lambda: source.open("rb"))
        write_zip(out, "m", [Member(path="a", size=size, open=opened), member("b", b"tail")])
    with (tmp_path / "r.zip").open("rb") as stream:
        sizes = {one.path: sum(map(len, one.chunks)) for one in read_zip_members(stream)}
    assert sizes == {"a": size, "b": 4}
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        assert archive.read("m/b") == b"tail"
    source.unlink()
    (tmp_path / "r.zip").unlink()


def test_more_than_65535_files_take_zip64_records() -> None:
    entries = [ZipEntry(name=f"m/{number:06d}", size=0, crc=0, offset=0) for number in range(65_535)]
    offset, parts = 0, []
    for index, entry in enumerate(entries):
        entries[index] = ZipEntry(name=entry.name, size=0, crc=0, offset=offset)
        parts.append(local_header(entries[index]))
        offset += len(parts[-1])
    directory = b"".join(map(central_header, entries))
    data = (
        b"".join(parts)
        + directory
        + end_records(entries, directory_offset=offset, directory_size=len(directory))
    )
    assert len(zipfile.ZipFile(io.BytesIO(data)).infolist()) == 65_535
    assert sum(1 for _ in read_zip_members(io.BytesIO(data))) == 65_535


def test_memory_stays_constant(tmp_path: Path) -> None:
    source = tmp_path / "zeros"
    with source.open("wb") as out:
        out.truncate(64 * 2**20)
    opened = cast("Callable[[], BinaryIO]", lambda: source.open("rb"))
    tracemalloc.start()
    with (tmp_path / "r.zip").open("wb+") as out:
        write_zip(out, "m", [Member(path="a", size=64 * 2**20, open=opened)])
        out.seek(0)
        for one in read_zip_members(out):
            assert sum(map(len, one.chunks)) == 64 * 2**20
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


GOOD = pack({"a": b"12", "b": b"3"})
LOCAL = 30 + 3  # bytes of a local header of m/a
DIRECTORY = LOCAL + 2 + LOCAL + 1


def patched(at: int, data: bytes) -> bytes:
    return GOOD[:at] + data + GOOD[at + len(data) :]


def with_comment() -> bytes:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"hello"
    return out.getvalue()


def unseekable() -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("m/a"), b"12")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (
            foreign({"m/a": b"1" * 99}, lambda info: setattr(info, "compress_type", zipfile.ZIP_DEFLATED)),
            "zip member is not stored plainly",
        ),
        (unseekable(), "zip member is not stored plainly"),
        (patched(6, b"\x01"), "zip member is not stored plainly"),
        (
            foreign({"m/a": b"1"}, lambda info: setattr(info, "date_time", (2020, 1, 1, 0, 0, 0))),
            "zip header is not canonical",
        ),
        (
            foreign({"m/a": b"1"}, lambda info: setattr(info, "extra", b"UT\x01\x00x")),
            "zip header is not canonical",
        ),
        (patched(6, b"\x00\x08"), "zip header is not canonical"),
        (patched(18, b"\x03"), "zip header is not canonical"),
        (
            foreign({"m/a": b"1"}, lambda info: setattr(info, "external_attr", 0o4755 << 16)),
            "zip directory differs from the members",
        ),
        (
            foreign({"m/a": b"1"}, lambda info: setattr(info, "comment", b"x")),
            "zip directory differs from the members",
        ),
        (patched(DIRECTORY + 46, b"m/c"), "zip directory differs from the members"),
        (patched(DIRECTORY + 16, b"\1\1\1\1"), "zip directory differs from the members"),
        (with_comment(), "zip does not end as it should"),
        (GOOD + b"x", "bytes after the end of the archive"),
        (GOOD + GOOD, "bytes after the end of the archive"),
        (b"#!/bin/sh\n" + GOOD, "not a zip archive of ours"),
        (GOOD[: LOCAL + 2] + b"hole" + GOOD[LOCAL + 2 :], "not a zip member"),
        (GOOD[:-1], "archive is cut off"),
        (GOOD[: LOCAL + 1], "archive is cut off"),
        (GOOD[:20], "archive is cut off"),
        (b"", "archive is cut off"),
        (foreign({}), "not a zip archive of ours"),
        (foreign({"m/../../x": b""}), "path refused: it has a '..' component"),
        (foreign({"/m/x": b""}), "path refused: it is absolute"),
        (foreign({"m/x\\y": b""}), "path refused: it holds a backslash"),
        (foreign({"m/C:x": b""}), "path refused: it holds a colon"),
        (foreign({"m/": b""}), "path refused: it has an empty or '.' component"),
        (foreign({"loose": b""}), "member outside the top folder"),
        (foreign({"m/a": b"", "n/b": b""}), "member outside the top folder"),
        (foreign({"m/b": b"", "m/a": b""}), "members are not sorted, each once"),
        (GOOD[: LOCAL + 2] * 2 + GOOD[LOCAL + 2 :], "members are not sorted, each once"),
        (foreign({"m/A": b"", "m/a": b""}), "two paths collide on a case-insensitive file system"),
        (foreign({"m/a": b"", "m/a/b": b""}), "a path is both a file and a folder"),
    ],
)
def test_every_other_archive_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(FormatError) as caught:
        unpack(data)
    assert caught.value.what == what
    assert "r.zip" in str(caught.value.where)


def test_a_changed_byte_in_a_file_is_an_integrity_error() -> None:
    with pytest.raises(IntegrityError) as caught:
        unpack(patched(LOCAL, b"9"))
    assert str(caught.value) == (
        "bytes of a zip member changed\n  wanted: CRC-32 4f5344cd\n  found:  878acec5\n  where:  r.zip, member a"
    )


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(at: int, mask: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= mask
    with pytest.raises((FormatError, IntegrityError)):
        unpack(bytes(data))


@given(st.integers(0, len(GOOD)), st.binary(max_size=200))
def test_only_our_errors_leave_the_reader(keep: int, noise: bytes) -> None:
    data = GOOD[:keep] + noise
    if data == GOOD:
        return
    with pytest.raises((FormatError, IntegrityError)):
        unpack(data)


@pytest.mark.parametrize(("real", "found"), [(b"1", "1 bytes"), (b"1234", "more")])
def test_a_file_that_changes_size_is_noticed(real: bytes, found: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        write_zip(io.BytesIO(), "f", [Member(path="a", size=3, open=lambda: io.BytesIO(real))])
    assert str(caught.value) == (
        f"file changed while it was archived\n  wanted: 3 bytes\n  found:  {found}\n  where:  a"
    )


def test_the_writer_needs_an_empty_file_that_can_seek_and_safe_names() -> None:
    used = io.BytesIO(b"x")
    used.seek(1)
    with pytest.raises(RuntimeError, match="write_zip needs an empty file that can seek"):
        write_zip(used, "f", [member("a", b"")])
    with pytest.raises(PathError, match="path refused: it is absolute"):
        write_zip(io.BytesIO(), "f", [member("/a", b"")])
