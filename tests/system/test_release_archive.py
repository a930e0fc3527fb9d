from __future__ import annotations

import io
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from release_tasks.errors import FormatError, IntegrityError, StorageError
from release_tasks.policy.release_check import check_release
from release_tasks.records.release_contents import Contents
from release_tasks.system.release_archive import read_release_archive, unpack_members
from release_tasks.system.release_tree import read_release_tree
from tests.fakes.release_tree import (
    PARTS,
    SHARDED,
    Parts,
    archive,
    release_files,
    root_of,
    safetensors,
    write_release,
)

KINDS = ("tar", "zip")
FILES = release_files()


def read(tmp_path: Path, data: bytes, *, full: bool = False) -> Contents:
    place = tmp_path / "release.bin"
    place.write_bytes(data)
    return read_release_archive(place, full=full)


def codes(contents: Contents) -> list[str]:
    return [str(one.code) for one in check_release(contents).problems]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parts", [PARTS, SHARDED], ids=["one file", "shards"])
def test_an_archive_reads_as_its_directory_does(tmp_path: Path, parts: Parts, kind: str, full: bool) -> None:  # noqa: FBT001
    files = release_files(parts)
    ours = read(tmp_path, archive(files, kind), full=full)
    theirs = read_release_tree(write_release(tmp_path / "r", files), full=full)
    assert ours.folder == "tiny-1.0.0"
    assert ours.kept == theirs.kept
    assert [(f.path, f.size, f.sha256, f.blake3, f.tensors) for f in ours.files] == [
        (f.path, f.size, f.sha256, f.blake3, f.tensors) for f in theirs.files
    ]
    checked = check_release(ours)
    assert checked.ok
    assert checked.root == root_of(files)


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_are_found_behind_headers_of_more_than_one_chunk(tmp_path: Path, kind: str) -> None:
    names = [f"{'layer' * 20}.{number}" for number in range(12_000)]  # a header of two megabytes
    weights = safetensors(dict.fromkeys(names, ("U8", (1,), b"\x07")))
    files = release_files({**PARTS, "model.safetensors": ("weights", "exact", "x/y", weights)})
    contents = read(tmp_path, archive(files, kind), full=True)
    assert check_release(contents).ok
    tensors = next(one.tensors for one in contents.files if one.path == "model.safetensors")
    assert tensors is not None
    assert len(tensors.tensors) == len(names)


@pytest.mark.parametrize("kind", KINDS)
def test_every_flipped_byte_is_found(tmp_path: Path, kind: str) -> None:
    data = archive(FILES, kind)
    pick = random.Random(1)
    for position in pick.sample(range(len(data)), 300):
        bad = bytearray(data)
        bad[position] ^= 1 << pick.randrange(8)
        assert codes(read(tmp_path, bytes(bad))), f"byte {position}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_and_everything_behind_the_end_is_found(tmp_path: Path, kind: str) -> None:
    data = archive(FILES, kind)
    for size in (0, 1, 2, 511, 512, len(data) // 2, len(data) - 1):
        assert codes(read(tmp_path, data[:size]))[0] == "ARCHIVE"
    for tail in (b"\0", b"x", bytes(512), data):
        contents = read(tmp_path, data + tail)
        (problem,) = contents.problems
        assert (problem.code, problem.path) == ("ARCHIVE", ".")
        assert problem.found == "bytes after the end of the archive"


@pytest.mark.parametrize("kind", KINDS)
def test_extra_and_missing_members_are_found(tmp_path: Path, kind: str) -> None:
    assert codes(read(tmp_path, archive({**FILES, "zz.py": b"import os"}, kind))) == ["EXTRA_FILE"]
    less = {path: data for path, data in FILES.items() if path != "README.txt"}
    assert codes(read(tmp_path, archive(less, kind))) == ["MISSING_FILE"]
    assert codes(read(tmp_path, archive(FILES, kind, folder="tiny-2.0.0"))) == ["ARCHIVE"]


def foreign_tar(name: str, *, kind: bytes = tarfile.REGTYPE, **fields: object) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime, info.linkname = kind, 0o644, 315532800, "/etc/passwd"
        if kind == tarfile.REGTYPE:
            info.linkname = ""
        for field, value in fields.items():
            setattr(info, field, value)
        made.addfile(info, io.BytesIO(b""))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (foreign_tar("tiny-1.0.0/../../x"), "path refused: it has a '..' component: 'tiny-1.0.0/../../x'"),
        (foreign_tar("/etc/x"), "path refused: it is absolute: '/etc/x'"),
        (
            foreign_tar("tiny-1.0.0/x", kind=tarfile.SYMTYPE),
            "tar member is not a regular file: a symbolic link named 'tiny-1.0.0/x'",
        ),
        (
            foreign_tar("tiny-1.0.0/x", kind=tarfile.LNKTYPE),
            "tar member is not a regular file: a hard link named 'tiny-1.0.0/x'",
        ),
        (
            foreign_tar("tiny-1.0.0/x", kind=tarfile.CHRTYPE),
            "tar member is not a regular file: a character device named 'tiny-1.0.0/x'",
        ),
        (
            foreign_tar("tiny-1.0.0/x", mode=0o4755),
            "tar header is not canonical: another mode, owner, time, type or encoding",
        ),
        (
            foreign_tar("tiny-1.0.0/x", uname="eve"),
            "tar header is not canonical: another mode, owner, time, type or encoding",
        ),
        (b"\x1f\x8b\x08" + bytes(600), "the archive is compressed: gzip"),
        (b"MZ" + bytes(600), "not a tar header: bad checksum"),
    ],
)
def test_hostile_tars_are_one_problem(tmp_path: Path, data: bytes, found: str) -> None:
    (problem,) = read(tmp_path, data).problems
    assert (problem.code, problem.found) == ("ARCHIVE", found)


def foreign_zip(name: str, *, compressed: bool = False, mode: int = 0o100644, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        made.writestr(info, b"/etc/passwd")
        made.comment = comment
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (foreign_zip("tiny-1.0.0/../x"), "path refused: it has a '..' component: 'tiny-1.0.0/../x'"),
        (
            foreign_zip("tiny-1.0.0/x", compressed=True),
            "zip member is not stored plainly: compressed by method 8",
        ),
        (
            foreign_zip("tiny-1.0.0/x", mode=0o120777),
            "zip directory differs from the members: another name, mode, size, date, comment or position",
        ),
        (
            foreign_zip("tiny-1.0.0/x", mode=0o644, comment=b"hi"),
            "zip does not end as it should: other bytes",
        ),
    ],
)
def test_hostile_zips_are_one_problem(tmp_path: Path, data: bytes, found: str) -> None:
    (problem,) = read(tmp_path, data).problems
    assert (problem.code, problem.found) == ("ARCHIVE", found)


def test_nothing_is_ever_written(tmp_path: Path) -> None:
    read(tmp_path, archive(FILES, "tar"))
    assert [one.name for one in tmp_path.iterdir()] == ["release.bin"]


def test_a_directory_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_release_archive(tmp_path)
    assert caught.value.found == "a directory"


ALL = frozenset(FILES)


def unpacked(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def written(tmp_path: Path, data: bytes) -> Path:
    place = tmp_path / "release.bin"
    place.write_bytes(data)
    return place


@pytest.mark.parametrize("kind", KINDS)
def test_a_release_is_unpacked_as_it_was_packed(tmp_path: Path, kind: str) -> None:
    unpack_members(written(tmp_path, archive(FILES, kind)), ALL, tmp_path / "out")
    assert unpacked(tmp_path / "out") == FILES
    assert not any(
        path.is_symlink() or path.stat().st_mode & 0o111 for path in (tmp_path / "out").rglob("*.*")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_members_that_are_asked_for_are_unpacked(tmp_path: Path, kind: str) -> None:
    place = written(tmp_path, archive(FILES, kind))
    unpack_members(place, frozenset({"metadata.json", "evidence/verdict.json"}), tmp_path / "out")
    assert unpacked(tmp_path / "out") == {
        name: FILES[name] for name in ("evidence/verdict.json", "metadata.json")
    }
    unpack_members(place, frozenset(), tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_unpacking_overwrites_nothing(tmp_path: Path, kind: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "MANIFEST.json").write_bytes(b"mine")
    with pytest.raises(StorageError, match=r"^the file exists already\n"):
        unpack_members(written(tmp_path, archive(FILES, kind)), ALL, tmp_path / "out")
    assert (tmp_path / "out" / "MANIFEST.json").read_bytes() == b"mine"


def _foreign_tar(tmp_path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return written(tmp_path, out.getvalue())


def _info(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "member",
    [
        _info("tiny-1.0.0/../../outside"),
        _info("/tmp/outside"),
        _info("tiny-1.0.0/link", tarfile.SYMTYPE, "/etc/passwd"),
        _info("tiny-1.0.0/link", tarfile.LNKTYPE, "tiny-1.0.0/a"),
        _info("tiny-1.0.0/pipe", tarfile.FIFOTYPE),
        _info("tiny-1.0.0/a\\..\\b"),
    ],
    ids=lambda info: f"{info.name}-{info.type.decode()}",
)
def test_nothing_of_a_foreign_archive_is_written_outside(tmp_path: Path, member: tarfile.TarInfo) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FormatError):
        unpack_members(_foreign_tar(tmp_path, (member, b"")), ALL, tmp_path / "out")
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert {path.relative_to(tmp_path).parts[0] for path in left} <= {"out", "release.bin"}
    assert not any(path.is_symlink() or path.is_file() for path in (tmp_path / "out").rglob("*"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    data = archive(FILES, kind)
    last = data.rindex(FILES[max(FILES)])  # what comes behind the last member is for verification to judge
    for number, end in enumerate(range(1, last, len(data) // 23)):
        with pytest.raises(FormatError):
            unpack_members(written(tmp_path, data[:end]), ALL, tmp_path / f"out{number}")


def test_only_a_regular_file_that_is_not_packed_twice_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"^not a regular file\n"):
        unpack_members(tmp_path, ALL, tmp_path / "out")
    with pytest.raises(FormatError, match=r"^the archive is compressed\n"):
        unpack_members(written(tmp_path, b"\x1f\x8b\x08\x00"), ALL, tmp_path / "out")
    assert not (tmp_path / "out").exists()
