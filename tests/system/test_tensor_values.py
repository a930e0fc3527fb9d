from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.formats.safetensors_header import DTYPE_BITS, Header, TensorInfo
from release_tasks.system import tensor_values
from release_tasks.system.tensor_values import NotFinite, count_not_finite

OFFSET = 13  # the payload of a file rarely begins where a word does


def count(path: Path, dtype: str, data: bytes) -> list[tuple[int, int]]:
    path.write_bytes(b"h" * OFFSET + data)
    elements = len(data) * 8 // DTYPE_BITS[dtype]
    tensor = TensorInfo(name="w", dtype=dtype, shape=(elements,), start=0, end=len(data))
    header = Header(tensors=(tensor,), metadata=None)
    found = list(count_not_finite(path, header, offset=OFFSET))
    assert all((item.tensor, item.elements) == ("w", elements) for item in found)
    return [(item.nan, item.infinite) for item in found]


def each(path: Path, dtype: str, width: int) -> list[tuple[bool, bool]]:
    """Ask for every bit pattern on its own: one tensor for each, in one file."""
    total = 1 << (8 * width)
    data = b"".join(number.to_bytes(width, "little") for number in range(total))
    path.write_bytes(data)
    tensors = tuple(
        TensorInfo(name=str(number), dtype=dtype, shape=(), start=number * width, end=(number + 1) * width)
        for number in range(total)
    )
    answer = [(False, False)] * total
    for item in count_not_finite(path, Header(tensors=tensors, metadata=None), offset=0):
        assert (item.elements, item.nan + item.infinite) == (1, 1)
        answer[int(item.tensor)] = (item.nan == 1, item.infinite == 1)
    return answer


def test_every_f16(tmp_path: Path) -> None:
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    assert each(tmp_path / "f", "F16", 2) == [(bool(np.isnan(v)), bool(np.isinf(v))) for v in values]


def test_every_bf16(tmp_path: Path) -> None:
    """BF16 is the upper half of a float32."""
    values = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)
    assert each(tmp_path / "f", "BF16", 2) == [(bool(np.isnan(v)), bool(np.isinf(v))) for v in values]


def f8(bits: int, exponent_bits: int, bias: int) -> float:
    """Decode by the formula of the OCP specification, without its special cases."""
    mantissa_bits = 7 - exponent_bits
    exponent = bits >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = (bits & (1 << mantissa_bits) - 1) / (1 << mantissa_bits)
    size = math.ldexp(1 + mantissa, exponent - bias) if exponent else math.ldexp(mantissa, 1 - bias)
    return -size if bits & 0x80 else size


def test_every_f8_e5m2_is_the_upper_half_of_a_float16(tmp_path: Path) -> None:
    values = (np.arange(256, dtype=np.uint16) << 8).view(np.float16)
    assert each(tmp_path / "f", "F8_E5M2", 1) == [(bool(np.isnan(v)), bool(np.isinf(v))) for v in values]


def test_every_f8_e4m3_over_its_largest_number_is_nan(tmp_path: Path) -> None:
    """OCP: the largest number is 448, there is no infinity, and the one larger pattern is NaN."""
    wanted = [(abs(f8(bits, 4, 7)) > 448, False) for bits in range(256)]
    assert sum(nan for nan, _ in wanted) == 2
    assert each(tmp_path / "f", "F8_E4M3", 1) == wanted


@pytest.mark.parametrize("dtype", ["F8_E4M3FNUZ", "F8_E5M2FNUZ"])
def test_every_f8_without_negative_zero_is_a_number_but_that_one(tmp_path: Path, dtype: str) -> None:
    assert each(tmp_path / "f", dtype, 1) == [(bits == 0x80, False) for bits in range(256)]


def test_every_e8m0_is_a_power_of_two_but_the_last(tmp_path: Path) -> None:
    assert each(tmp_path / "f", "F8_E8M0", 1) == [(bits == 0xFF, False) for bits in range(256)]


WIDE = {"F32": ("<f4", "<u4"), "F64": ("<f8", "<u8"), "C64": ("<f4", "<u4")}
SPECIAL = st.sampled_from(
    [0x7F800000, 0xFF800000, 0x7F800001, 0x7FC00000, 0xFFFFFFFF, 0x7F7FFFFF, 0, 1, 0x80000000]
)
SPECIAL_64 = st.sampled_from(
    [0x7FF << 52, 0xFFF << 52, (0x7FF << 52) + 1, (1 << 64) - 1, 0x7FEFFFFFFFFFFFFF, 1, 0]
)


@given(st.sampled_from(sorted(WIDE)), st.data())
@settings(max_examples=60, deadline=None)
def test_wide_formats_agree_with_numpy(
    tmp_path_factory: pytest.TempPathFactory, dtype: str, data: st.DataObject
) -> None:
    floats, words = WIDE[dtype]
    width = int(words[2])
    pattern = st.integers(0, (1 << 8 * width) - 1) | (SPECIAL if width == 4 else SPECIAL_64)
    raw = np.array(data.draw(st.lists(pattern, max_size=12)), dtype=words)
    raw = raw[: len(raw) // 2 * 2]  # a complex number has two
    values = raw.view(floats)
    wanted = (int(np.isnan(values).sum()), int(np.isinf(values).sum()))
    found = count(tmp_path_factory.getbasetemp() / "wide", dtype, raw.tobytes())
    assert found == ([wanted] if any(wanted) else [])


@pytest.mark.parametrize(
    "dtype", sorted(set(DTYPE_BITS) - {"F4", "F6_E2M3", "F6_E3M2"} - set(tensor_values._COUNTERS))
)
def test_integers_are_finite_whatever_their_bits(tmp_path: Path, dtype: str) -> None:
    assert dtype == "BOOL" or dtype[0] in "IU"
    assert count(tmp_path / "f", dtype, b"\xff" * 64) == []


def test_every_dtype_is_judged_or_known_to_have_finite_values_only() -> None:
    """OCP Microscaling 5.3: FP6 and FP4 have neither NaN nor infinity."""
    finite = {name for name in DTYPE_BITS if name == "BOOL" or name[0] in "IU"} | {"F4", "F6_E2M3", "F6_E3M2"}
    assert finite | set(tensor_values._COUNTERS) == set(DTYPE_BITS)
    assert not finite & set(tensor_values._COUNTERS)


@pytest.mark.parametrize("at", [0, 7, 8, 15, 16, 24, 31])
def test_values_on_both_sides_of_a_chunk_are_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(tensor_values, "_CHUNK", 16)
    values = np.ones(32, dtype="<f2")
    values[at] = np.nan
    values[(at + 5) % 32] = -np.inf
    assert count(tmp_path / "f", "F16", values.tobytes()) == [(1, 1)]
    assert count(tmp_path / "f", "F16", values.tobytes()[: 2 * 31]) == (
        [(1, 1)] if 31 not in {at, (at + 5) % 32} else [(0, 1)] if at == 31 else [(1, 0)]
    )


def test_the_real_chunk_holds_whole_words() -> None:
    assert tensor_values._CHUNK % 16 == 0


def test_tensors_are_told_apart_and_empty_ones_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(struct.pack("<4f", 1.0, math.inf, math.nan, 2.0))
    tensors = tuple(
        TensorInfo(name=name, dtype="F32", shape=shape, start=start, end=end)
        for name, shape, start, end in (
            ("empty", (0, 3), 0, 0),
            ("a", (1,), 0, 4),
            ("b", (2, 1), 4, 12),
            ("c", (), 12, 16),
        )
    )
    found = list(count_not_finite(path, Header(tensors=tensors, metadata=None), offset=0))
    assert found == [NotFinite("b", elements=2, nan=1, infinite=1)]
