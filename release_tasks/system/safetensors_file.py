"""Headers of safetensors files on disk, and where their tensors stand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from release_tasks.formats.safetensors_header import PREFIX_BYTES, Header, parse_header, prefix_length
from release_tasks.records.digest import Digest
from release_tasks.records.manifest import TensorDigests
from release_tasks.system.hashing import Range
from release_tasks.system.storage import open_regular


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a safetensors file has its header and tensors: names, and byte ranges with the header's first."""

    names: tuple[str, ...]
    ranges: tuple[Range, ...]

    def digests(self, hashed: Sequence[Digest]) -> TensorDigests:
        """Name what was computed for `ranges`, in the same order."""
        pairs = sorted(zip(self.names, hashed[1:], strict=True))
        return TensorDigests(header=hashed[0], tensors=tuple(pairs))


def layout_of(header_json: bytes, *, file_size: int, where: str) -> Layout:
    """Lay out a file of `file_size` bytes from its JSON header; raises FormatError when it is malformed."""
    begin = PREFIX_BYTES + len(header_json)
    return _lay_out(parse_header(header_json, payload_size=file_size - begin, where=where), begin=begin)


def _lay_out(header: Header, *, begin: int) -> Layout:
    spans = tuple((begin + tensor.start, begin + tensor.end) for tensor in header.tensors)
    return Layout(tuple(tensor.name for tensor in header.tensors), ((0, begin), *spans))


def read_header(path: Path, *, where: str, follow: bool = True) -> tuple[bytes, Header]:
    """Read the JSON header of a file, as bytes and parsed.

    Raises FormatError for a malformed file, IntegrityError for anything but a regular file, which a link is
    too unless `follow`.
    """
    fd, status = open_regular(path, follow=follow)
    try:
        length = prefix_length(os.read(fd, PREFIX_BYTES), file_size=status.st_size, where=where)
        raw = b""
        while len(raw) < length and (piece := os.read(fd, length - len(raw))):
            raw += piece
    finally:
        os.close(fd)
    payload = status.st_size - PREFIX_BYTES - length
    return raw, parse_header(raw, payload_size=payload, where=where)


def read_layout(path: Path, *, where: str, follow: bool = False) -> Layout:
    """Read where a file has its header and tensors; errors as `read_header`."""
    raw, header = read_header(path, where=where, follow=follow)
    return _lay_out(header, begin=PREFIX_BYTES + len(raw))
