from __future__ import annotations

import contextlib
import hashlib
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.records.archive_listing import Member
from release_tasks.records.digest import sha256
from release_tasks.system import distribution_file
from release_tasks.system.distribution_file import read_sdist, read_wheel
from tests.fakes.python_distribution import members, metadata, write_sdist, write_wheel


def digest(data: bytes) -> object:
    return sha256(hashlib.sha256(data).hexdigest())


def test_a_wheel_is_listed_with_digests_and_the_texts_that_were_asked_for(tmp_path: Path) -> None:
    path = write_wheel(tmp_path)
    found = read_wheel(path, keep=(".dist-info/METADATA",), where=path.name)
    data = members()["nice_tool/__init__.py"]
    assert found.members[0] == Member("nice_tool/__init__.py", digest(data), len(data))  # type: ignore[arg-type]
    assert found.kept == {"nice_tool-1.2.0.dist-info/METADATA": metadata()}
    assert list(found.files) == [*members(), "nice_tool-1.2.0.dist-info/RECORD"]


def test_a_source_archive_is_listed_with_its_folders_and_links(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind in (("t", tarfile.DIRTYPE), ("t/l", tarfile.SYMTYPE), ("t/h", tarfile.LNKTYPE),
                           ("t/p", tarfile.FIFOTYPE)):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type = kind
            archive.addfile(info)
        info = tarfile.TarInfo("t/f")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    found = read_sdist(path, keep=("/f",), where="a.tar.gz")
    assert [(member.name, member.other) for member in found.members] == [
        ("t", None),
        ("t/l", "a symbolic link"),
        ("t/h", "a hard link"),
        ("t/p", "neither a file nor a folder"),
        ("t/f", None),
    ]
    assert found.kept == {"t/f": b"abc"}


def test_links_and_encrypted_members_of_a_wheel_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("hidden", b"secret")
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rindex(signature)
        data[at + offset] |= 1
    path.write_bytes(data)
    found = read_wheel(path, keep=(), where="a.whl")
    assert [(member.name, member.other) for member in found.members] == [
        ("link", "a symbolic link"),
        ("hidden", "encrypted"),
    ]


@pytest.mark.parametrize("read", [read_wheel, read_sdist])
@given(data=st.binary(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_bytes_are_read_or_refused(tmp_path: Path, read: object, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    with contextlib.suppress(FormatError):
        read(path, keep=("",), where="any")  # type: ignore[operator]


@given(cut=st.integers(0, 600), flip=st.integers(0, 600))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_damaged_wheel_is_refused_or_read_whole(tmp_path: Path, cut: int, flip: int) -> None:
    data = bytearray(write_wheel(tmp_path).read_bytes())
    data[flip % len(data)] ^= 0x41
    path = tmp_path / "damaged"
    path.write_bytes(data[: len(data) - cut % len(data)] if cut % 2 else data)
    with contextlib.suppress(FormatError):
        read_wheel(path, keep=("",), where="damaged")


def test_whole_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(FormatError) as caught:
        read_wheel(path, keep=(), where="a.whl")
    assert str(caught.value) == (
        "not a wheel that can be read\n  found: BadZipFile: File is not a zip file\n  where: a.whl"
    )
    monkeypatch.setattr(distribution_file, "MOST_MEMBERS", 3)
    with pytest.raises(FormatError) as caught:
        read_wheel(write_wheel(tmp_path), keep=(), where="a.whl")
    assert str(caught.value) == (
        f"the archive is too large to look into\n  wanted: at most 3 members and {2**32} bytes\n"
        "  found:  more\n  where:  a.whl"
    )
    monkeypatch.setattr(distribution_file, "MOST_MEMBERS", 10)
    monkeypatch.setattr(distribution_file, "MOST_BYTES", 20)
    with pytest.raises(FormatError, match="too large"):
        read_sdist(write_sdist(tmp_path), keep=(), where="a.tar.gz")
