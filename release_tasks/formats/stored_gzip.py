"""gzip without compression (RFC 1952 over stored blocks of RFC 1951, 3.2.4): the same bytes everywhere.

What zlib makes of the same input differs between its builds; weights hardly shrink anyway.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

# Magic, deflate, no flags, no time, no extra flags, unknown system (RFC 1952, 2.3).
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_BLOCK = 0xFFFF  # bytes that a stored block holds at most


class StoredGzip:
    """A gzip stream that is written to `out` in order; `finish` writes its end and leaves `out` open."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._held = bytearray()
        self._crc = 0
        self._size = 0
        out.write(_HEADER)

    def write(self, data: bytes | memoryview) -> int:
        """Take bytes of the content; returns how many, which is all of them."""
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._held += data
        whole = (len(self._held) - 1) // _BLOCK * _BLOCK if self._held else 0  # the last block is kept back
        for start in range(0, whole, _BLOCK):
            self._block(self._held[start : start + _BLOCK], last=False)
        del self._held[:whole]
        return len(data)

    def finish(self) -> None:
        """Write the last block and the checksum (RFC 1952, 2.3.1: length modulo 2^32)."""
        self._block(self._held, last=True)
        self._out.write(struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))

    def _block(self, data: bytes | bytearray, *, last: bool) -> None:
        self._out.write(struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF))
        self._out.write(data)
