"""Read a wheel or a source archive without unpacking it: every member's name, kind and digest."""

from __future__ import annotations

import hashlib
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from release_tasks.errors import FormatError
from release_tasks.records.archive_listing import Listing, Member
from release_tasks.records.digest import sha256

MOST_MEMBERS = 100_000
MOST_BYTES = 2**32  # unpacked; an archive beyond it is refused, not looked at
_KEPT = 2**24  # bytes of a member that is text about the archive itself
_CHUNK = 2**20
_ENCRYPTED = 0x1
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, OSError, ValueError, EOFError, NotImplementedError, RuntimeError,
    zlib.error,
)  # fmt: skip


def read_wheel(path: Path, *, keep: tuple[str, ...], where: str) -> Listing:
    """Read a wheel; raises FormatError for what is no readable zip, or too large.

    `keep` are suffixes of members whose bytes are wanted, as `.dist-info/RECORD`.
    """
    budget = _Budget(where)
    members: list[Member] = []
    kept: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for item in archive.infolist():
                budget.spend(0)
                other = _zip_kind(item)
                if other is not None or item.is_dir():
                    members.append(Member(item.filename, None, 0, other))
                    continue
                with archive.open(item) as stream:
                    members.append(_read(stream, item.filename, budget, kept, keep))
    except _DAMAGED as error:
        raise _unreadable("a wheel", error, where) from None
    return Listing(tuple(members), kept)


def read_sdist(path: Path, *, keep: tuple[str, ...], where: str) -> Listing:
    """Read a source archive in tar.gz; errors and `keep` as `read_wheel`."""
    budget = _Budget(where)
    members: list[Member] = []
    kept: dict[str, bytes] = {}
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            for item in archive:
                budget.spend(0)
                stream = archive.extractfile(item) if item.isreg() else None
                if stream is None:
                    members.append(Member(item.name, None, 0, None if item.isdir() else _tar_kind(item)))
                    continue
                members.append(_read(stream, item.name, budget, kept, keep))
    except _DAMAGED as error:
        raise _unreadable("a source archive", error, where) from None
    return Listing(tuple(members), kept)


class _Budget:
    """What an archive may cost before it is refused."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._members = MOST_MEMBERS
        self._bytes = MOST_BYTES

    def spend(self, size: int) -> None:
        """Count one member, or so many of its bytes; raises FormatError when there is too much."""
        self._members -= size == 0
        self._bytes -= size
        if self._members < 0 or self._bytes < 0:
            raise FormatError(
                "the archive is too large to look into",
                wanted=f"at most {MOST_MEMBERS} members and {MOST_BYTES} bytes",
                found="more",
                where=self._where,
            )


def _read(
    stream: IO[bytes], name: str, budget: _Budget, kept: dict[str, bytes], keep: tuple[str, ...]
) -> Member:
    digest, size = hashlib.sha256(), 0
    wanted = name.endswith(keep)
    held = bytearray()
    for chunk in _chunks(stream):
        budget.spend(len(chunk))
        digest.update(chunk)
        size += len(chunk)
        if wanted and size <= _KEPT:
            held += chunk
    if wanted and size <= _KEPT:
        kept[name] = bytes(held)
    return Member(name, sha256(digest.hexdigest()), size)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _zip_kind(item: zipfile.ZipInfo) -> str | None:
    """What a member is when it is neither a plain file nor a folder."""
    kind = stat.S_IFMT(item.external_attr >> 16)
    if item.flag_bits & _ENCRYPTED:
        return "encrypted"
    if kind == stat.S_IFLNK:
        return "a symbolic link"
    return None if kind in {0, stat.S_IFREG, stat.S_IFDIR} else "neither a file nor a folder"


def _tar_kind(item: tarfile.TarInfo) -> str:
    if item.issym():
        return "a symbolic link"
    return "a hard link" if item.islnk() else "neither a file nor a folder"


def _unreadable(what: str, error: Exception, where: str) -> FormatError:
    found = f"{type(error).__name__}: {error}".removesuffix(": ")
    return FormatError(f"not {what} that can be read", found=ascii(found)[1:-1][:200], where=where)
