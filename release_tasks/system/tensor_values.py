"""NaN and infinite values of the tensors in a file, by bit pattern, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from release_tasks.errors import IntegrityError
from release_tasks.formats.safetensors_header import Header, TensorInfo

_CHUNK = 8 << 20  # bytes


@dataclass(frozen=True, slots=True)
class NotFinite:
    """How many of a tensor's elements are NaN and how many infinite."""

    tensor: str
    elements: int
    nan: int
    infinite: int


def _bits(width: str, exponent: int, mantissa: int) -> Callable[[NDArray[Any]], tuple[int, int]]:
    """Count by IEEE 754: an exponent of all ones is infinite with an empty mantissa, else NaN."""

    def count(raw: NDArray[Any]) -> tuple[int, int]:
        values = raw.view(width)
        special = values[(values & exponent) == exponent]
        if not special.size:
            return 0, 0
        nan = int(np.count_nonzero(special & mantissa))
        return nan, int(special.size) - nan

    return count


def _only_nan(patterns: tuple[int, ...], mask: int = 0xFF) -> Callable[[NDArray[Any]], tuple[int, int]]:
    """Count the byte patterns that are NaN in a format without infinities."""

    def count(raw: NDArray[Any]) -> tuple[int, int]:
        masked = raw & mask
        return sum(int(np.count_nonzero(masked == pattern)) for pattern in patterns), 0

    return count


# FP8: OCP 8-bit Floating Point Specification (E5M2 is IEEE-like, E4M3 has NaN only); the FNUZ forms have the
# single NaN 0x80; E8M0 (OCP Microscaling) the single NaN 0xFF. Integers and booleans are always finite.
_COUNTERS: dict[str, Callable[[NDArray[Any]], tuple[int, int]]] = {
    "F64": _bits("<u8", 0x7FF0000000000000, 0x000FFFFFFFFFFFFF),
    "F32": _bits("<u4", 0x7F800000, 0x007FFFFF),
    "C64": _bits("<u4", 0x7F800000, 0x007FFFFF),
    "F16": _bits("<u2", 0x7C00, 0x03FF),
    "BF16": _bits("<u2", 0x7F80, 0x007F),
    "F8_E5M2": _bits("u1", 0x7C, 0x03),
    "F8_E4M3": _only_nan((0x7F,), mask=0x7F),
    "F8_E4M3FNUZ": _only_nan((0x80,)),
    "F8_E5M2FNUZ": _only_nan((0x80,)),
    "F8_E8M0": _only_nan((0xFF,)),
}


def _elements(tensor: TensorInfo) -> int:
    total = 1
    for extent in tensor.shape:
        total *= extent
    return total


def count_not_finite(path: Path, header: Header, *, offset: int) -> Iterator[NotFinite]:
    """Yield the tensors with values that are not finite; `offset` is where the payload begins, in bytes."""
    buffer = bytearray(_CHUNK)
    with path.open("rb", buffering=0) as stream:
        for tensor in header.tensors:
            counter = _COUNTERS.get(tensor.dtype)
            if counter is None:
                continue
            stream.seek(offset + tensor.start)
            nan = infinite = 0
            left = tensor.end - tensor.start
            while left:
                view = memoryview(buffer)[: min(left, _CHUNK)]
                count = _fill(stream, view)
                found = counter(np.frombuffer(view[:count], dtype=np.uint8))
                nan, infinite, left = nan + found[0], infinite + found[1], left - count
            if nan or infinite:
                yield NotFinite(tensor.name, _elements(tensor), nan, infinite)


def _fill(stream: Any, view: memoryview) -> int:
    count = 0
    while count < len(view) and (got := stream.readinto(view[count:])):
        count += got
    if count < len(view):
        raise IntegrityError(
            "the file changed while it was read",
            wanted="the size that its header was checked against",
            found="an earlier end",
            hint="stop the program that writes to it, then run again",
        )
    return count
