"""Members of an archive: what a writer is given and what a strict reader hands out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from release_tasks.errors import FormatError, IntegrityError, PathError
from release_tasks.formats.member_name import parse_name, refuse_twins
from release_tasks.records.frozen_record import frozen
from release_tasks.records.paths import refuse_collisions, safe_relpath

CHUNK_BYTES = 2**20
MAX_NAME_BYTES = 4096  # folder, slash and path together: PATH_MAX of Linux
MODIFIED = 315_532_800  # 1980-01-01T00:00:00Z, the first second that a zip can state


@frozen
class Member:
    """A regular file to archive: path under the top folder, size in bytes, and how to open its bytes."""

    path: str
    size: int
    open: Callable[[], BinaryIO]


@frozen
class ReadMember:
    """A regular file in an archive; `chunks` gives its bytes once, before the next member is asked for."""

    folder: str
    path: str
    size: int
    chunks: Iterator[bytes]


def in_order(folder: str, members: Iterable[Member]) -> list[Member]:
    """Sort members by path; raises PathError for unsafe, long or colliding names, FormatError for none."""
    rows = sorted(members, key=lambda member: member.path)
    safe_relpath(folder)
    if "/" in folder:
        raise PathError("an archive has one top folder", wanted="one component", found=folder)
    if not rows:
        raise FormatError("an archive without files", wanted="at least one file", where=folder)
    for member in rows:
        safe_relpath(member.path)
        if _too_long(f"{folder}/{member.path}"):
            raise PathError(
                "path too long for an archive", wanted=f"at most {MAX_NAME_BYTES} bytes", where=member.path
            )
    refuse_collisions(member.path for member in rows)
    return rows


def write_all(out: BinaryIO, data: bytes | memoryview) -> None:
    """Write every byte, also to an unbuffered file that takes fewer at a time."""
    view = memoryview(data)
    while view:
        written = out.write(view)
        view = view[written:]


def body_chunks(member: Member) -> Iterator[memoryview]:
    """Read a member through one buffer of 1 MiB, valid until the next chunk.

    Raises IntegrityError when it has fewer or more bytes than it was said to have.
    """
    buffer = memoryview(bytearray(CHUNK_BYTES))
    left = member.size
    with member.open() as source:
        while left:
            # BinaryIO does not promise readinto, which every binary file and BytesIO has.
            got = source.readinto(buffer[: min(left, CHUNK_BYTES)])  # type: ignore[attr-defined]
            if not got:
                raise _resized(member, f"{member.size - left} bytes")
            yield buffer[:got]
            left -= got
        if source.read(1):
            raise _resized(member, "more")


def read_exact(stream: BinaryIO, size: int, *, where: str | None) -> bytes:
    """Read `size` bytes (few: they are held in memory); raises FormatError when the archive ends before."""
    data = stream.read(size)
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise FormatError("archive is cut off", found=f"{size - len(data)} bytes missing", where=where)
        data += more
    return data


def read_chunks(stream: BinaryIO, size: int, *, where: str | None) -> Iterator[bytes]:
    """Read `size` bytes in chunks of at most 1 MiB; raises FormatError when the archive ends before."""
    left = size
    while left:
        chunk = stream.read(min(left, CHUNK_BYTES))
        if not chunk:
            raise FormatError("archive is cut off", found=f"{left} bytes missing", where=where)
        yield chunk
        left -= len(chunk)


class NameOrder:
    """The names of an archive as they come: one top folder, safe, sorted, each once."""

    def __init__(self, *, where: str | None) -> None:
        self._where = where
        self._folder: str | None = None
        self._paths: list[str] = []

    def take(self, name: str) -> tuple[str, str]:
        """Split a member's name into folder and path; raises FormatError when it may not come here."""
        parse_name(name, where=self._where)
        if _too_long(name):
            raise FormatError(
                "member name too long", wanted=f"at most {MAX_NAME_BYTES} bytes", where=self._where
            )
        folder, slash, path = name.partition("/")
        if not slash or folder != (self._folder or folder):
            raise FormatError(
                "member outside the top folder",
                wanted=f"{self._folder or 'FOLDER'}/…",
                found=name,
                where=self._where,
            )
        if self._paths and path <= self._paths[-1]:
            raise FormatError(
                "members are not sorted, each once",
                wanted=f"a path after {self._paths[-1]}",
                found=path,
                where=self._where,
            )
        self._folder = folder
        self._paths.append(path)
        return folder, path

    def finish(self) -> None:
        """Raise FormatError when there was no member or two names are one file on some file system."""
        if not self._paths:
            raise FormatError("archive without members", wanted="at least one file", where=self._where)
        refuse_twins(self._paths, where=self._where)


def refuse_rest(stream: BinaryIO, *, where: str | None) -> None:
    """Raise FormatError when bytes follow the end of an archive."""
    if stream.read(1):
        raise FormatError("bytes after the end of the archive", wanted="nothing", where=where)


def _too_long(name: str) -> bool:
    return len(name.encode("utf-8")) > MAX_NAME_BYTES


def _resized(member: Member, found: str) -> IntegrityError:
    return IntegrityError(
        "file changed while it was archived", wanted=f"{member.size} bytes", found=found, where=member.path
    )
