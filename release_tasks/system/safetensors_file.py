"""Headers of safetensors files on disk."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.formats.safetensors_header import PREFIX_BYTES, Header, parse_header, prefix_length
from release_tasks.system.storage import open_regular


def read_header(path: Path, *, where: str) -> tuple[bytes, Header]:
    """Read the JSON header of a file, as bytes and parsed; links are followed.

    Raises FormatError for a malformed file, IntegrityError for anything but a regular file.
    """
    fd, status = open_regular(path, follow=True)
    try:
        length = prefix_length(os.read(fd, PREFIX_BYTES), file_size=status.st_size, where=where)
        raw = b""
        while len(raw) < length and (piece := os.read(fd, length - len(raw))):
            raw += piece
    finally:
        os.close(fd)
    payload = status.st_size - PREFIX_BYTES - length
    return raw, parse_header(raw, payload_size=payload, where=where)
