"""The values behind bytes, and how far apart those of two runs are: by bits, absolute difference and ULPs.

ULPs are counted by the order of IEEE 754 bit patterns (Goldberg 1991, "What every computer scientist should
know about floating-point arithmetic"; Dawson, "Comparing floating point numbers", 2012): sign and magnitude
become one integer, so that +0 and -0 are at distance 0, and neighbours at 1, also across infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from release_tasks.records.difference import Unit
from release_tasks.system.gguf_file import dequantised
from release_tasks.system.stored_tensors import StoredTensor

Raw = NDArray[np.uint8]
_Values = Callable[[NDArray[Any]], NDArray[np.float64]]


@dataclass(slots=True)
class Tally:
    """What was found so far; `first` counts units from the beginning of the tensor."""

    differing: int = 0
    first: int | None = None
    nan: int = 0
    max_abs: float | int | None = None
    max_ulp: int | None = None

    def add(self, other: Tally) -> None:
        """Take in what was found in the next chunk."""
        self.differing += other.differing
        self.first = other.first if self.first is None else self.first
        self.nan += other.nan
        self.max_abs = _larger(self.max_abs, other.max_abs)
        self.max_ulp = _larger(self.max_ulp, other.max_ulp)


@dataclass(frozen=True, slots=True)
class Measure:
    """How the bytes of one dtype are measured: bytes and name of a unit, its indices and its distances."""

    width: int
    unit: Unit
    shape: tuple[int, ...]
    distance: Callable[[Raw, Raw], Tally]

    def tally(self, before: Raw, after: Raw, *, at: int) -> Tally:
        """Measure two chunks of whole units of which the first has the number `at`."""
        # Rows of a word are compared and gathered as one number, which is ten times as fast.
        kind = f"<u{self.width}" if self.width in {1, 2, 4, 8} else f"V{self.width}"
        old, new = before.view(kind), after.view(kind)
        places = np.flatnonzero(old != new)
        if not places.size:
            return Tally()
        with np.errstate(all="ignore"):  # infinities and NaN are what is looked for
            found = self.distance(
                *(side[places].view(np.uint8).reshape(-1, self.width) for side in (old, new))
            )
        found.differing, found.first = int(places.size), at + int(places[0])
        return found


def measure_of(tensor: StoredTensor) -> Measure:
    """Choose how a tensor is measured; a dtype that nobody knows the values of is compared by byte."""
    blocks = tensor.blocks
    if blocks is not None:
        *rest, last = tensor.shape
        shape = (*rest, last // blocks.values)
        return Measure(blocks.bytes, "block", shape, lambda old, new: _quantised(tensor.dtype, old, new))
    if tensor.dtype in _INTEGERS:
        kind = _INTEGERS[tensor.dtype]
        return Measure(
            np.dtype(kind).itemsize, "element", tensor.shape, lambda old, new: _integers(kind, old, new)
        )
    if tensor.dtype in _FLOATS:
        form = _FLOATS[tensor.dtype]
        return Measure(form.width, "element", tensor.shape, lambda old, new: _floats(form, old, new))
    if tensor.dtype == "C64":
        return Measure(8, "element", tensor.shape, _complexes)
    return Measure(1, "byte", (tensor.size,), lambda _old, _new: Tally())


def values_of(tensor: StoredTensor, raw: Raw) -> NDArray[np.float64] | None:
    """The values of whole units of a tensor; None for a complex dtype and one whose values nobody knows."""
    if tensor.blocks is not None:
        values = dequantised(tensor.dtype, raw.reshape(-1, tensor.blocks.bytes))
        return None if values is None else values.astype(np.float64).reshape(-1)
    if tensor.dtype in _INTEGERS:
        return raw.view(_INTEGERS[tensor.dtype]).astype(np.float64)
    form = _FLOATS.get(tensor.dtype)
    return None if form is None else form.values(raw.view(f"<u{form.width}"))


def _larger(one: float | None, other: float | None) -> Any:
    return one if other is None else other if one is None else max(one, other)


def _apart(old: NDArray[Any], new: NDArray[Any]) -> int:
    """The largest distance of integers of one type, which as an unsigned one of their width is exact."""
    unsigned = f"<u{old.dtype.itemsize}"
    high, low = np.maximum(old, new).view(unsigned), np.minimum(old, new).view(unsigned)
    return int((high - low).max(initial=0))  # modulo 2^bits, which is right for signed ones too


def _integers(kind: str, old: Raw, new: Raw) -> Tally:
    return Tally(max_abs=_apart(old.view(kind), new.view(kind)))


@dataclass(frozen=True, slots=True)
class _Float:
    """A format of sign and magnitude, or (E8M0) without a sign."""

    width: int
    values: _Values
    signed: bool = True

    def ordered(self, words: NDArray[Any]) -> NDArray[Any]:
        """Integers in the order of the numbers: those with the sign bit become minus their magnitude."""
        if not self.signed:
            return words
        numbers = words.view(f"<i{self.width}")
        negative = numbers >> (self.width * 8 - 1)  # -1 or 0
        largest = np.iinfo(numbers.dtype).max
        ordered: NDArray[Any] = (numbers ^ (negative & largest)) - negative
        return ordered


def _floats(form: _Float, old: Raw, new: Raw) -> Tally:
    left, right = (raw.view(f"<u{form.width}").reshape(-1) for raw in (old, new))
    one, other = form.values(left), form.values(right)
    nan = np.isnan(one) | np.isnan(other)
    count = int(np.count_nonzero(nan))
    if count:
        return Tally(nan=count)
    return Tally(
        max_abs=float(np.abs(one - other).max(initial=0.0)),
        max_ulp=_apart(form.ordered(left), form.ordered(right)),
    )


def _complexes(old: Raw, new: Raw) -> Tally:
    """The larger distance of the real and the imaginary parts, of those that differ."""
    left, right = (raw.view("<u4") for raw in (old, new))
    parts = left != right
    form = _FLOATS["F32"]
    one, other = (form.values(words) for words in (left, right))
    nan = int(np.count_nonzero(((np.isnan(one) | np.isnan(other)) & parts).any(axis=1)))
    if nan:
        return Tally(nan=nan)
    return _floats(form, *(words[parts].view(np.uint8).reshape(-1, 4) for words in (left, right)))


def _quantised(dtype: str, old: Raw, new: Raw) -> Tally:
    left, right = dequantised(dtype, old), dequantised(dtype, new)
    if left is None or right is None:
        return Tally()
    one, other = left.astype(np.float64), right.astype(np.float64)
    nan = int(np.count_nonzero((np.isnan(one) | np.isnan(other)).any(axis=1)))
    if nan:
        return Tally(nan=nan)
    apart = np.where(one == other, 0.0, np.abs(one - other))  # of equal infinities the difference is NaN
    return Tally(max_abs=float(apart.max(initial=0.0)))


def _viewed(kind: str) -> _Values:
    return lambda words: words.view(kind).astype(np.float64)


def _shifted(words_as: str, bits: int, kind: str) -> _Values:
    """A format that is the upper half of a wider one."""
    return lambda words: (words.astype(words_as) << bits).view(kind).astype(np.float64)


def _tabled(exponent_bits: int, mantissa_bits: int, bias: int, nan: tuple[int, ...]) -> _Values:
    """An 8-bit format by a table of its 256 values, made when it is needed first."""

    @lru_cache(maxsize=1)
    def table() -> NDArray[np.float64]:
        code = np.arange(256)
        mantissa = (code & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
        exponent = (code >> mantissa_bits) & ((1 << exponent_bits) - 1)
        size = np.where(
            exponent == 0,
            np.ldexp(mantissa, 1 - bias),
            np.ldexp(1.0 + mantissa, (exponent - bias).astype(np.int32)),
        )
        values = np.where(code & 0x80, -size, size)
        values[list(nan)] = np.nan
        return values

    return lambda words: table()[words]


def _powers(words: NDArray[Any]) -> NDArray[np.float64]:
    """E8M0: powers of two with a bias of 127, 0xFF is NaN (OCP Microscaling Formats 1.0, 5.4.1)."""
    return np.where(words == 0xFF, np.nan, np.ldexp(1.0, words.astype(np.int32) - 127))


_INTEGERS = {
    "BOOL": "u1",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
}
# FP8: OCP 8-bit Floating Point Specification (E4M3 has NaN only at all ones); the FNUZ forms have one more
# in their bias and the single NaN 0x80.
_FLOATS = {
    "F64": _Float(8, _viewed("<f8")),
    "F32": _Float(4, _viewed("<f4")),
    "F16": _Float(2, _viewed("<f2")),
    "BF16": _Float(2, _shifted("<u4", 16, "<f4")),
    "F8_E5M2": _Float(1, _shifted("<u2", 8, "<f2")),
    "F8_E4M3": _Float(1, _tabled(4, 3, 7, (0x7F, 0xFF))),
    "F8_E4M3FNUZ": _Float(1, _tabled(4, 3, 8, (0x80,))),
    "F8_E5M2FNUZ": _Float(1, _tabled(5, 2, 16, (0x80,))),
    "F8_E8M0": _Float(1, _powers, signed=False),
}
