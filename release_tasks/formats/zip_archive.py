"""Canonical zip: stored regular files under one folder, sorted, with no mode or time of their own.

The reader rebuilds each header with the writer's own functions and compares bytes, so an archive that reads
is one that the writer would write again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from release_tasks.errors import FormatError, IntegrityError
from release_tasks.formats.archive_member import (
    Member,
    NameOrder,
    ReadMember,
    body_chunks,
    in_order,
    read_chunks,
    read_exact,
    refuse_rest,
    write_all,
)
from release_tasks.formats.zip_header import (
    CENTRAL_SIGNATURE,
    CRC_OFFSET,
    FLAG_DESCRIPTOR,
    FLAG_ENCRYPTED,
    FLAG_UTF8,
    LOCAL,
    LOCAL_SIGNATURE,
    NO_32,
    ZIP64_LOCAL_EXTRA,
    ZipEntry,
    central_header,
    end_records,
    local_header,
)


def write_zip(out: BinaryIO, folder: str, members: Iterable[Member]) -> int:
    """Write `folder/<path>` for every member and return the number of bytes written.

    `out` must seek, since the CRC-32 goes before the bytes it covers, and must be at its beginning. Raises
    PathError for unsafe names, FormatError for no member, IntegrityError when a member has another size
    than it says.
    """
    if not out.seekable() or out.tell():
        raise RuntimeError("write_zip needs an empty file that can seek")
    entries: list[ZipEntry] = []
    position = 0
    for member in in_order(folder, members):
        name = f"{folder}/{member.path}"
        header = local_header(ZipEntry(name=name, size=member.size, crc=0, offset=position))
        write_all(out, header)
        crc = 0
        for chunk in body_chunks(member):
            crc = zlib.crc32(chunk, crc)
            write_all(out, chunk)
        out.seek(position + CRC_OFFSET)
        write_all(out, crc.to_bytes(4, "little"))
        entries.append(ZipEntry(name=name, size=member.size, crc=crc, offset=position))
        position += len(header) + member.size
        out.seek(position)
    directory = b"".join(map(central_header, entries))
    tail = directory + end_records(entries, directory_offset=position, directory_size=len(directory))
    write_all(out, tail)
    return position + len(tail)


def read_zip_members(stream: BinaryIO, *, where: str | None = None) -> Iterator[ReadMember]:
    """Read an archive that `write_zip` wrote, from its first byte, in one pass and constant memory per file.

    Only when the iterator has ended is the whole archive checked. Raises FormatError for compressed or
    encrypted members, other headers, a directory that differs from the members, comments, unsorted, repeated
    or unsafe names, truncation and bytes before or after; IntegrityError when a CRC-32 does not fit.
    """
    order = NameOrder(where=where)
    entries: list[ZipEntry] = []
    position = 0
    while (signature := read_exact(stream, 4, where=where)) == LOCAL_SIGNATURE:
        header, entry = _read_local(stream, position, where)
        folder, path = order.take(entry.name)
        place = f"{where}, member {path}" if where else f"member {path}"
        if header != local_header(entry):
            raise FormatError(
                "zip header is not canonical",
                wanted="a stored file dated 1980-01-01 without extra fields",
                found="another date, version, flag or extra field",
                where=place,
            )
        chunks = _checked_chunks(stream, entry, place)
        yield ReadMember(folder=folder, path=path, size=entry.size, chunks=chunks)
        for _ in chunks:
            pass
        entries.append(entry)
        position += len(header) + entry.size
    if signature != CENTRAL_SIGNATURE:
        raise FormatError(
            "not a zip member" if entries else "not a zip archive of ours",
            wanted="a local header" if not entries else "a local header or the directory",
            found=f"bytes {signature.hex()} at offset {position}",
            where=where,
        )
    order.finish()
    _check_directory(stream, entries, position, where)
    refuse_rest(stream, where=where)


def _read_local(stream: BinaryIO, position: int, where: str | None) -> tuple[bytes, ZipEntry]:
    fixed = LOCAL_SIGNATURE + read_exact(stream, LOCAL.size - 4, where=where)
    _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = LOCAL.unpack(fixed)
    variable = read_exact(stream, name_bytes + extra_bytes, where=where)
    raw_name, extra = variable[:name_bytes], variable[name_bytes:]
    try:
        name = raw_name.decode("utf-8" if flags & FLAG_UTF8 else "ascii")
    except UnicodeDecodeError:
        raise FormatError(
            "name of a zip member is not UTF-8", found=ascii(raw_name)[:200], where=where
        ) from None
    place = f"{where}, member {name}" if where else f"member {name}"
    for refused, what in (
        (flags & FLAG_ENCRYPTED, "encrypted"),
        (flags & FLAG_DESCRIPTOR, "followed by its sizes (written without seeking)"),
        (method, f"compressed by method {method}"),
    ):
        if refused:
            raise FormatError("zip member is not stored plainly", wanted="stored", found=what, where=place)
    if size == packed == NO_32 and len(extra) == ZIP64_LOCAL_EXTRA.size:
        size = packed = ZIP64_LOCAL_EXTRA.unpack(extra)[2]
    return fixed + variable, ZipEntry(name=name, size=size, crc=crc, offset=position)


def _checked_chunks(stream: BinaryIO, entry: ZipEntry, place: str) -> Iterator[bytes]:
    crc = 0
    for chunk in read_chunks(stream, entry.size, where=place):
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if crc != entry.crc:
        raise IntegrityError(
            "bytes of a zip member changed",
            wanted=f"CRC-32 {entry.crc:08x}",
            found=f"{crc:08x}",
            where=place,
        )


def _check_directory(stream: BinaryIO, entries: list[ZipEntry], offset: int, where: str | None) -> None:
    size = 0
    for index, entry in enumerate(entries):
        wanted = central_header(entry)
        skip = 0 if index else len(CENTRAL_SIGNATURE)  # already read
        if read_exact(stream, len(wanted) - skip, where=where) != wanted[skip:]:
            raise FormatError(
                "zip directory differs from the members",
                wanted=f"the entry of {entry.name}",
                found="another name, mode, size, date, comment or position",
                where=where,
            )
        size += len(wanted)
    end = end_records(entries, directory_offset=offset, directory_size=size)
    if read_exact(stream, len(end), where=where) != end:
        raise FormatError(
            "zip does not end as it should",
            wanted=f"the end record of {len(entries)} files without a comment",
            found="other bytes",
            where=where,
        )
