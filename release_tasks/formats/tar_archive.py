"""Canonical tar (POSIX.1-2001 pax): regular files under one folder, sorted, of fixed owner, mode and time.

The reader rebuilds each header with the writer's own function and compares bytes, so an archive that reads is
one that the writer would write again.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from release_tasks.errors import FormatError
from release_tasks.formats.archive_member import (
    MODIFIED,
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

_BLOCK = 512
_RECORD = 10_240
_MAX_PAX_BYTES = 8192  # a path of 4096 bytes and a size, with room
_PAX_FIELD = re.compile(rb"([1-9][0-9]{0,4}) (path|size)=")
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a fifo",
    b"7": "a contiguous file",
    b"g": "a global pax header",
    b"K": "a GNU long link",
    b"L": "a GNU long name",
    b"S": "a GNU sparse file",
}


def tar_header(name: str, size: int) -> bytes:
    """Render the blocks before the bytes of a file: a pax header when ustar cannot say it, then ustar."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o644
    info.mtime = MODIFIED
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def tar_padding(size: int) -> bytes:
    """Render the zeros after `size` bytes of a file."""
    return bytes(-size % _BLOCK)


def tar_trailer(position: int) -> bytes:
    """Render the end of an archive whose members end at byte `position`: zeros up to a full record."""
    return bytes(2 * _BLOCK + -(position + 2 * _BLOCK) % _RECORD)


def write_tar(out: BinaryIO, folder: str, members: Iterable[Member]) -> int:
    """Write `folder/<path>` for every member and return the number of bytes written; `out` need not seek.

    Raises PathError for unsafe names, FormatError for no member, IntegrityError when a member has another
    size than it says.
    """
    position = 0
    for member in in_order(folder, members):
        header = tar_header(f"{folder}/{member.path}", member.size)
        write_all(out, header)
        for chunk in body_chunks(member):
            write_all(out, chunk)
        padding = tar_padding(member.size)
        write_all(out, padding)
        position += len(header) + member.size + len(padding)
    trailer = tar_trailer(position)
    write_all(out, trailer)
    return position + len(trailer)


def read_tar_members(stream: BinaryIO, *, where: str | None = None) -> Iterator[ReadMember]:
    """Read an archive that `write_tar` wrote, in one pass and constant memory.

    Only when the iterator has ended is the whole archive checked. Raises FormatError for links, folders,
    devices, sparse files, pax overrides, other modes, owners and times, unsorted, repeated or unsafe names,
    truncation, padding that is not zero and bytes after the end.
    """
    order = NameOrder(where=where)
    position = 0
    while (block := read_exact(stream, _BLOCK, where=where)) != bytes(_BLOCK):
        header, name, size = _read_header(stream, block, where)
        folder, path = order.take(name)
        place = f"{where}, member {path}" if where else f"member {path}"
        if header != tar_header(name, size):
            raise FormatError(
                "tar header is not canonical",
                wanted="a regular file, mode 0644, owner 0 without names, 1980-01-01, no other pax field",
                found="another mode, owner, time, type or encoding",
                where=place,
            )
        chunks = read_chunks(stream, size, where=place)
        yield ReadMember(folder=folder, path=path, size=size, chunks=chunks)
        for _ in chunks:
            pass
        padding = tar_padding(size)
        if read_exact(stream, len(padding), where=place) != padding:
            raise FormatError("padding of a tar member is not zero", where=place)
        position += len(header) + size + len(padding)
    order.finish()
    rest = tar_trailer(position)[_BLOCK:]
    if read_exact(stream, len(rest), where=where) != rest:
        raise FormatError("tar does not end with zero blocks", wanted=f"{len(rest)} zero bytes", where=where)
    refuse_rest(stream, where=where)


def _read_header(stream: BinaryIO, block: bytes, where: str | None) -> tuple[bytes, str, int]:
    info = _parse_block(block, where)
    header = block
    fields: dict[bytes, str] = {}
    if info.type == tarfile.XHDTYPE:
        if not 0 < info.size <= _MAX_PAX_BYTES:
            raise FormatError(
                "pax header too large",
                wanted=f"at most {_MAX_PAX_BYTES} bytes",
                found=f"{info.size} bytes",
                where=where,
            )
        body = read_exact(stream, info.size + len(tar_padding(info.size)), where=where)
        fields = _parse_pax(body[: info.size], where)
        block = read_exact(stream, _BLOCK, where=where)
        info = _parse_block(block, where)
        header += body + block
    if info.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
        raise FormatError(
            "tar member is not a regular file",
            wanted="regular files only",
            found=f"{_KINDS.get(info.type, 'an unknown type')} named {ascii(info.name)[:200]}",
            where=where,
        )
    size_text = fields.get(b"size", str(info.size))
    if not re.fullmatch(r"[0-9]{1,19}", size_text, re.ASCII):
        raise FormatError("bad size of a tar member", found=ascii(size_text)[:100], where=where)
    return header, fields.get(b"path", info.name), int(size_text)


def _parse_block(block: bytes, where: str | None) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise FormatError("not a tar header", found=str(error), where=where) from None


def _parse_pax(body: bytes, where: str | None) -> dict[bytes, str]:
    fields: dict[bytes, str] = {}
    at = 0
    while at < len(body):
        match = _PAX_FIELD.match(body, at)
        end = at + int(match[1]) if match else 0
        if match is None or match[2] in fields or not match.end() < end <= len(body) or body[end - 1] != 0x0A:
            raise FormatError(
                "pax header is not canonical",
                wanted="path and size, each at most once",
                found=ascii(body[at : at + 60].decode("utf-8", "replace")),
                where=where,
            )
        fields[match[2]] = body[match.end() : end - 1].decode("utf-8", "surrogateescape")
        at = end
    return fields
