from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError, IntegrityError, PathError
from release_tasks.formats.archive_member import Member
from release_tasks.formats.tar_archive import read_tar_members, tar_header, tar_trailer, write_tar

ROOT = Path(__file__).parents[2]
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


def pack(files: dict[str, bytes], folder: str = "m-1.0") -> bytes:
    out = io.BytesIO()
    size = write_tar(out, folder, [member(path, data) for path, data in files.items()])
    assert size == len(out.getvalue())
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    found = read_tar_members(io.BytesIO(data), where="r.tar")
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


def test_the_bytes_are_those_of_tarfile_with_every_field_fixed() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in sorted(FILES.items()):
            info = tarfile.TarInfo(f"m-1.0/{path}")
            info.size, info.mode, info.mtime = len(data), 0o644, 315532800
            archive.addfile(info, io.BytesIO(data))
    assert pack(FILES) == out.getvalue()


def test_gnu_tar_lists_and_extracts_it(tmp_path: Path) -> None:
    (tmp_path / "r.tar").write_bytes(pack(FILES))
    subprocess.run(["tar", "-xf", "r.tar"], cwd=tmp_path, check=True)
    for path, data in FILES.items():
        assert (tmp_path / "m-1.0" / path).read_bytes() == data


def test_members_left_unread_are_still_checked() -> None:
    assert [one.path for one in read_tar_members(io.BytesIO(pack(FILES)))] == sorted(FILES)


def test_output_and_input_need_not_seek(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as source, os.fdopen(write_end, "wb") as sink:
        write_tar(sink, "f", [member("a", b"12")])
        sink.close()
        assert [b"".join(one.chunks) for one in read_tar_members(source)] == [b"12"]


def test_sizes_over_8_gib_take_a_pax_field(tmp_path: Path) -> None:
    size = 9 * 2**30
    header = tar_header("f/big", size)
    path = tmp_path / "sparse.tar"
    with path.open("wb") as out:
        out.write(header)
        out.seek(size, os.SEEK_CUR)
        out.write(tar_trailer(len(header) + size))
    with tarfile.open(path) as archive:
        assert [(info.name, info.size) for info in archive] == [("f/big", size)]
    with path.open("rb") as stream:
        first = next(read_tar_members(stream))
        assert (first.path, first.size) == ("big", size)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_writes_the_same_bytes(version: str, tmp_path: Path) -> None:
    python = next(iter(sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))), None)
    if python is None:
        pytest.skip(f"no Python {version} under ~/.pyenv")
    code = (
        "import io, sys; from release_tasks.formats.archive_member import Member;"
        "from release_tasks.formats.tar_archive import write_tar; from release_tasks.formats.zip_archive import write_zip;"
        f"files = {FILES!r};"
        "members = [Member(path=p, size=len(d), open=lambda d=d: io.BytesIO(d)) for p, d in files.items()];"
        "out = io.BytesIO(); write_tar(out, 'm-1.0', members);"
        "zipped = io.BytesIO(); write_zip(zipped, 'm-1.0', members);"
        "sys.stdout.buffer.write(out.getvalue() + zipped.getvalue())"
    )
    from release_tasks.formats.zip_archive import write_zip  # noqa: PLC0415

    zipped = io.BytesIO()
    write_zip(zipped, "m-1.0", [member(path, data) for path, data in FILES.items()])
    done = subprocess.run(
        [python, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo"},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert done.stdout == pack(FILES) + zipped.getvalue()


def foreign(edit: Callable[[tarfile.TarInfo], object], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    info = tarfile.TarInfo("m/a")
    info.size, info.mode, info.mtime = 2, 0o644, 315532800
    edit(info)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format) as archive:
        archive.addfile(info, io.BytesIO(b"12" * (info.size // 2)))
    return out.getvalue()


def set_type(kind: bytes) -> Callable[[tarfile.TarInfo], object]:
    def edit(info: tarfile.TarInfo) -> None:
        info.type, info.size, info.linkname = kind, 0, "/etc/passwd"

    return edit


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.CHRTYPE, "a character device"),
        (tarfile.BLKTYPE, "a block device"),
        (tarfile.FIFOTYPE, "a fifo"),
        (tarfile.DIRTYPE, "a folder"),
        (tarfile.CONTTYPE, "a contiguous file"),
    ],
)
def test_only_regular_files_are_read(kind: bytes, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        unpack(foreign(set_type(kind)))
    assert str(caught.value) == (
        f"tar member is not a regular file\n  wanted: regular files only\n  found:  {found} named 'm/a'\n"
        "  where:  r.tar"
    )


def rename(name: str) -> Callable[[tarfile.TarInfo], object]:
    return lambda info: setattr(info, "name", name)


def with_pax(**fields: str) -> Callable[[tarfile.TarInfo], object]:
    return lambda info: setattr(info, "pax_headers", fields)


def pax_override() -> bytes:
    """A pax header that renames a member which ustar could name by itself."""
    record = b"12 path=m/b\n"
    block = tarfile.TarInfo("././@PaxHeader")
    block.type, block.size = tarfile.XHDTYPE, len(record)
    return block.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + pack({"a": b"12"}, "m")


GOOD = pack({"a": b"12", "b": b"3"}, "m")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (foreign(lambda info: setattr(info, "mode", 0o4755)), "tar header is not canonical"),
        (foreign(lambda info: setattr(info, "mtime", 0)), "tar header is not canonical"),
        (foreign(lambda info: setattr(info, "uid", 1000)), "tar header is not canonical"),
        (foreign(lambda info: setattr(info, "uname", "root")), "tar header is not canonical"),
        (foreign(lambda info: setattr(info, "type", tarfile.AREGTYPE)), "tar header is not canonical"),
        (foreign(rename("m/a"), tarfile.GNU_FORMAT), "tar header is not canonical"),
        (foreign(with_pax(comment="x")), "pax header is not canonical"),
        (foreign(with_pax(**{"GNU.sparse.major": "1"})), "pax header is not canonical"),
        (foreign(rename("m/" + "y" * 120), tarfile.GNU_FORMAT), "tar member is not a regular file"),
        (pax_override(), "tar header is not canonical"),
        (foreign(rename("/etc/passwd")), "path refused: it is absolute"),
        (foreign(rename("m/../../x")), "path refused: it has a '..' component"),
        (foreign(rename("m/a\\b")), "path refused: it holds a backslash"),
        (foreign(rename("loose")), "member outside the top folder"),
        (GOOD + b"\0", "bytes after the end of the archive"),
        (GOOD + GOOD, "bytes after the end of the archive"),
        (GOOD[:-1], "archive is cut off"),
        (GOOD[:1536], "archive is cut off"),
        (GOOD[:600], "archive is cut off"),
        (b"", "archive is cut off"),
        (bytes(10240), "archive without members"),
        (b"x" + GOOD[:-1], "not a tar header"),
        (GOOD[:514] + b"\1" + GOOD[515:], "padding of a tar member is not zero"),
        (GOOD[:-9] + b"\1" + GOOD[-8:], "tar does not end with zero blocks"),
        (GOOD[1024:2048] + GOOD[:1024] + GOOD[2048:], "members are not sorted, each once"),
        (GOOD[:1024] * 2 + GOOD[2048:], "members are not sorted, each once"),
        (
            pack({"A": b"1"}, "m")[:1024] + pack({"a": b"1"}, "m")[:1024] + bytes(10240 - 2048),
            "two paths collide on a case-insensitive file system",
        ),
        (
            pack({"a": b"1"}, "m")[:1024] + pack({"b": b"1"}, "n")[:1024] + bytes(10240 - 2048),
            "member outside the top folder",
        ),
    ],
)
def test_every_other_archive_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(FormatError) as caught:
        unpack(data)
    assert caught.value.what == what
    assert "r.tar" in str(caught.value.where)


@given(st.integers(0, 20_000), st.integers(1, 255))
def test_no_changed_byte_outside_the_files_goes_unnoticed(at: int, mask: int) -> None:
    data = bytearray(GOOD)
    at %= len(data)
    data[at] ^= mask
    try:
        found = unpack(bytes(data))
    except FormatError:
        return
    assert 512 <= at < 514 or 1536 <= at < 1537
    assert found != {"m/a": b"12", "m/b": b"3"}


@given(st.binary(max_size=1100))
def test_only_format_errors_leave_the_reader(noise: bytes) -> None:
    with pytest.raises(FormatError):
        unpack(GOOD[:257] + noise)


@pytest.mark.parametrize(("real", "found"), [(b"1", "1 bytes"), (b"1234", "more")])
def test_a_file_that_changes_size_is_noticed(real: bytes, found: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        write_tar(io.BytesIO(), "f", [Member(path="a", size=3, open=lambda: io.BytesIO(real))])
    assert str(caught.value) == (
        f"file changed while it was archived\n  wanted: 3 bytes\n  found:  {found}\n  where:  a"
    )


def test_names_that_no_archive_may_hold_are_refused_by_the_writer() -> None:
    for folder, path, what in (
        ("f", "../a", "path refused: it has a '..' component"),
        ("f/g", "a", "an archive has one top folder"),
        ("", "a", "path refused: it is empty"),
        ("f", "/".join(["d" * 200] * 21), "path too long for an archive"),
    ):
        with pytest.raises(PathError) as caught:
            write_tar(io.BytesIO(), folder, [member(path, b"")])
        assert caught.value.what == what
    with pytest.raises(PathError, match="two paths collide"):
        write_tar(io.BytesIO(), "f", [member("a", b""), member("A", b"")])
    with pytest.raises(FormatError, match="an archive without files"):
        write_tar(io.BytesIO(), "f", [])
