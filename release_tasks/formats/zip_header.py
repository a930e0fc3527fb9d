"""Headers of a stored zip (PKWARE APPNOTE 6.3.10), the same bytes as Python's zipfile writes below 2 GiB."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from release_tasks.records.frozen_record import frozen

LOCAL_SIGNATURE = b"PK\x03\x04"
CENTRAL_SIGNATURE = b"PK\x01\x02"
LOCAL = struct.Struct("<4s5H3L2H")
CRC_OFFSET = 14  # of the CRC-32 in a local header
FLAG_ENCRYPTED = 0x1
FLAG_DESCRIPTOR = 0x8
FLAG_UTF8 = 0x800
NO_32 = 0xFFFF_FFFF  # "look in the zip64 field"
ZIP64_LOCAL_EXTRA = struct.Struct("<HHQQ")

_NO_16 = 0xFFFF
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_DATE = 1 << 5 | 1  # 1980-01-01, 00:00:00
_UNIX = 3
_MODE = 0o644 << 16
_VERSION = 20
_VERSION_64 = 45


@frozen
class ZipEntry:
    """A stored file: full name, size in bytes, CRC-32, and where its local header begins."""

    name: str
    size: int
    crc: int
    offset: int


def local_header(entry: ZipEntry) -> bytes:
    """Render the header before the bytes of a file; zip64 exactly when 32 bits cannot hold the size."""
    name, flags = _encode(entry.name)
    large = entry.size >= NO_32
    size = NO_32 if large else entry.size
    extra = ZIP64_LOCAL_EXTRA.pack(1, 16, entry.size, entry.size) if large else b""
    version = _VERSION_64 if large else _VERSION
    fixed = LOCAL.pack(
        LOCAL_SIGNATURE, version, flags, 0, 0, _DATE, entry.crc, size, size, len(name), len(extra)
    )
    return fixed + name + extra


def central_header(entry: ZipEntry) -> bytes:
    """Render the entry of the central directory; zip64 exactly when 32 bits cannot hold size or offset."""
    name, flags = _encode(entry.name)
    wide = [entry.size, entry.size] if entry.size >= NO_32 else []
    wide += [entry.offset] if entry.offset >= NO_32 else []
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version = _VERSION_64 if wide else _VERSION
    size = min(entry.size, NO_32)
    fixed = _CENTRAL.pack(
        CENTRAL_SIGNATURE,
        version,
        _UNIX,
        version,
        0,
        flags,
        0,
        0,
        _DATE,
        entry.crc,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        _MODE,
        min(entry.offset, NO_32),
    )
    return fixed + name + extra


def end_records(entries: Sequence[ZipEntry], *, directory_offset: int, directory_size: int) -> bytes:
    """Render what follows the central directory; zip64 exactly when a count, size or offset needs it."""
    count = len(entries)
    records = b""
    if count >= _NO_16 or directory_offset >= NO_32 or directory_size >= NO_32:
        records = _END_64.pack(
            b"PK\x06\x06", 44, _VERSION_64, _VERSION_64, 0, 0, count, count, directory_size, directory_offset
        ) + _LOCATOR_64.pack(b"PK\x06\x07", 0, directory_offset + directory_size, 1)
    short = min(count, _NO_16)
    return records + _END.pack(
        b"PK\x05\x06", 0, 0, short, short, min(directory_size, NO_32), min(directory_offset, NO_32), 0
    )


def _encode(name: str) -> tuple[bytes, int]:
    return (name.encode("ascii"), 0) if name.isascii() else (name.encode("utf-8"), FLAG_UTF8)
