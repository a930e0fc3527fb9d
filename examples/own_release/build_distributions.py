"""Build wheel and source archive with hatchling, then store their members uncompressed.

Deflated bytes differ from one zlib to another; stored ones do not, so that every machine makes the same files.
"""

from __future__ import annotations

import gzip
import struct
import sys
import zipfile
import zlib
from pathlib import Path

from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

_BLOCK = 0xFFFF  # bytes of a stored block, the most that its length field can say (RFC 1951, 3.2.4)
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, no system (RFC 1952, 2.3)
_DATE = (1980, 1, 1, 0, 0, 0)


def gzip_stored(data: bytes) -> bytes:
    """Wrap bytes as gzip with stored blocks only: one valid way to write them, whatever the library."""
    blocks = []
    for start in range(0, max(len(data), 1), _BLOCK):
        chunk = data[start : start + _BLOCK]
        last = start + _BLOCK >= len(data)
        blocks.append(struct.pack("<BHH", last, len(chunk), len(chunk) ^ 0xFFFF) + chunk)
    return _GZIP_HEADER + b"".join(blocks) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def store_wheel(built: Path, target: Path) -> None:
    """Copy every member as it is, uncompressed: RECORD speaks of bytes, not of packing."""
    with zipfile.ZipFile(built) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as stored:
        for item in source.infolist():
            entry = zipfile.ZipInfo(item.filename, _DATE)
            entry.create_system = 3  # Unix, so that the mode means the same everywhere
            entry.external_attr = 0o100644 << 16
            stored.writestr(entry, source.read(item))


def main() -> None:
    """Build what is in one folder into another."""
    source, target = (Path(name).resolve() for name in sys.argv[1:])
    built = str(target / "hatchling")
    (wheel,) = map(Path, WheelBuilder(str(source)).build(directory=built, versions=["standard"]))
    (sdist,) = map(Path, SdistBuilder(str(source)).build(directory=built, versions=["standard"]))
    store_wheel(wheel, target / wheel.name)
    (target / sdist.name).write_bytes(gzip_stored(gzip.decompress(sdist.read_bytes())))
    print(wheel.name, sdist.name)


main()
