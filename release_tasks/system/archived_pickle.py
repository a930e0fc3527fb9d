"""Pickles that hide in archives: members of zip and tar files, compressed or not, by name or first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from release_tasks.config.artifacts import PICKLE_SUFFIXES

PICKLE_PROTOCOLS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
# What a look inside may cost; an archive beyond it cannot be vouched for.
MOST_MEMBERS = 10_000
MOST_BYTES = 2**30  # decompressed, of a tar file, which has no table of contents
_ZIP = b"PK\x03\x04"
_Opener = Callable[[Path], io.BufferedIOBase]
_COMPRESSED: dict[bytes, _Opener] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_USTAR = 257, b"ustar"
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, OSError, ValueError, EOFError, NotImplementedError, RuntimeError,
    lzma.LZMAError, zlib.error,
)  # fmt: skip


def archived_pickle(path: Path) -> str | None:
    """Say which member of an archive is a pickle, or why nobody can tell; None for what is no archive.

    A file that only begins like an archive and is none is not this function's business: nothing unpacks it.
    """
    with path.open("rb") as stream:
        head = stream.read(_USTAR[0] + len(_USTAR[1]))
    opener = next((open_it for magic, open_it in _COMPRESSED.items() if head.startswith(magic)), None)
    if opener is None and head.startswith(_ZIP):
        members = _zip_members(path)
    elif opener is not None or head[_USTAR[0] :] == _USTAR[1]:
        members = _tar_members(path, opener or _plain)
    else:
        return None
    try:
        for name, first in members:
            if name.casefold().endswith(PICKLE_SUFFIXES) or first.startswith(PICKLE_PROTOCOLS):
                return f"an archive that holds a pickle, {ascii(name)[1:-1][:200]}"
    except _TooMuchError:
        return f"an archive of more than {MOST_MEMBERS} members or {MOST_BYTES} bytes, too much to look into"
    except _DAMAGED:
        return None
    return None


class _TooMuchError(Exception):
    """An archive beyond what is looked into."""


def _zip_members(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) > MOST_MEMBERS:
            raise _TooMuchError
        for item in archive.infolist():
            if not item.is_dir():
                yield item.filename, _first(archive, item)


def _first(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    """The first bytes of a member; none of one that is encrypted or packed in a way Python does not know."""
    try:
        with archive.open(item) as stream:
            return stream.read(2)
    except (NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError):
        return b""


class _Counted:
    """A stream that gives no more than so many bytes, however much a small file unpacks to."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._left = MOST_BYTES

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuchError
        return data


def _plain(path: Path) -> io.BufferedIOBase:
    return path.open("rb")


def _tar_members(path: Path, opener: _Opener) -> Iterator[tuple[str, bytes]]:
    """The members of a tar file; a compressed file that is no tar file is its own only member."""
    with opener(path) as stream:
        head = stream.read(_USTAR[0] + len(_USTAR[1]))
    if head[_USTAR[0] :] != _USTAR[1]:
        yield path.stem, head
        return
    with (
        opener(path) as stream,
        tarfile.open(fileobj=_Counted(stream), mode="r|") as archive,  # type: ignore[call-overload]
    ):
        for number, item in enumerate(archive):
            if number >= MOST_MEMBERS:
                raise _TooMuchError
            member = archive.extractfile(item) if item.isfile() else None
            if member is not None:
                yield item.name, member.read(2)
