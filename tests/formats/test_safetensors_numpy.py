from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors import TensorSpec as LibrarySpec
from safetensors import safe_open, serialize
from safetensors.numpy import save

from release_tasks.errors import FormatError
from release_tasks.formats.safetensors_header import DTYPE_BITS, parse_header, prefix_length
from release_tasks.formats.safetensors_numpy import RawTensor, dump_tensors
from release_tasks.formats.safetensors_writer import is_canonical

Array = npt.NDArray[Any]
DTYPES = "?bBhHiIlLefdF"
ALPHABET = 'abcXYZ019._-/:é重\U0001f600 "\\'


def whole(arrays: dict[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    return b"".join(dump_tensors(arrays, metadata))


def random_case(seed: int) -> tuple[dict[str, Array], dict[str, str] | None]:
    dice = random.Random(seed)
    arrays: dict[str, Array] = {}
    for _ in range(dice.randrange(9)):
        name = ("x" + "".join(dice.choices(ALPHABET, k=dice.randrange(10)))).replace("..", ".")
        shape = tuple(dice.randrange(4) for _ in range(dice.randrange(4)))
        raw = dice.randbytes(int(np.prod(shape, dtype=int)) * 16)
        dtype = np.dtype(dice.choice(DTYPES))
        count = int(np.prod(shape, dtype=int))
        array: Array = np.frombuffer(raw, np.uint8)[: count * dtype.itemsize]
        if dtype == np.bool_:
            array = array % 2
        arrays[name] = array.view(dtype).reshape(shape)
    metadata = dice.choice(
        [None, {}, {"".join(dice.choices(ALPHABET + "\n\t\x01", k=5)): "v\r\n\x1f\x7f\u2028/"}]
    )
    return arrays, metadata


def test_600_random_files_equal_those_of_the_library() -> None:
    for seed in range(600):
        arrays, metadata = random_case(seed)
        if not arrays and metadata == {}:
            continue  # the library 0.8.0 writes `{},"__metadata__":{}}`, which is not JSON and which it cannot read
        # The library 0.8.0 wants C order and at least one dimension of its arrays' own memory.
        contiguous = {
            name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()
        }
        assert whole(arrays, metadata) == save(contiguous, metadata), f"seed {seed}"


def test_a_file_without_tensors_and_with_empty_metadata_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "empty.safetensors"
    path.write_bytes(whole({}, {}))
    with safe_open(path, "np") as opened:
        assert (list(opened.keys()), opened.metadata()) == ([], {})


@pytest.mark.parametrize("seed", range(20))
def test_the_library_reads_ours_with_strides_of_every_kind(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((6, 8, 4))
    arrays: dict[str, Array] = {
        "f_order": np.asfortranarray(base),
        "transposed": base.T,
        "slice": base[1:5:2, ::3],
        "reversed": base[::-1, :, ::-1],
        "broadcast": np.broadcast_to(np.float32(seed), (50, 3)),
        "zero_d": np.array(seed + 0.5),
        "empty": np.zeros((0, 3), np.int16),
        "swapped": np.swapaxes(base.astype(np.complex64), 0, 2),
        "big_endian": base.astype(">f8"),
        "big_endian_slice": base.astype(">i4")[:, 1::2],
        "bool": base > 0,
        "read_only": np.frombuffer(b"\x01\x02", np.uint8),
    }
    path = tmp_path / "model.safetensors"
    path.write_bytes(whole(arrays, {"b": "2", "a": "1", "c": "3"}))
    with safe_open(path, "np") as opened:
        assert opened.metadata() == {"a": "1", "b": "2", "c": "3"}
        assert set(opened.keys()) == set(arrays)
        for name, array in arrays.items():
            if name == "swapped":
                continue  # the library's numpy reader has no C64; its bytes are compared below
            read = opened.get_tensor(name)
            assert read.shape == array.shape
            assert read.dtype == array.dtype.newbyteorder("=")
            assert np.array_equal(read, array)
    data = path.read_bytes()
    start = 8 + prefix_length(data[:8], file_size=len(data))
    header = parse_header(data[8:start], payload_size=len(data) - start)
    place = next(tensor for tensor in header.tensors if tensor.name == "swapped")
    assert data[start + place.start : start + place.end] == arrays["swapped"].tobytes(order="C")


def test_payloads_of_nans_keep_their_bits() -> None:
    bits = np.array([0x7FC00001, 0xFFC12345, 0x7F800001, 0x80000000], np.uint32)
    assert whole({"x": bits.view(np.float32)}).endswith(bits.tobytes())


def test_raw_tensors_of_every_dtype_equal_those_of_the_library() -> None:
    dtypes = {
        "BF16": "bfloat16",
        "F8_E4M3": "float8_e4m3fn",
        "F8_E5M2": "float8_e5m2",
        "F8_E8M0": "float8_e8m0fnu",
    }
    for dtype, library_name in dtypes.items():
        data = bytes(range(DTYPE_BITS[dtype] // 8 * 6))
        buffer = np.frombuffer(data, np.uint8)
        spec = LibrarySpec(
            dtype=library_name, shape=(2, 3), data_ptr=buffer.ctypes.data, data_len=buffer.nbytes
        )
        ours = whole({"x": RawTensor(dtype=dtype, shape=(2, 3), buffer=data)})
        assert ours == bytes(serialize({"x": spec}, metadata=None))


def test_every_dtype_is_accepted_by_the_library_and_laid_out_as_it_does(tmp_path: Path) -> None:
    """The library's reader puts tensors in order of offsets; names say the order we gave them."""
    arrays = {
        dtype.lower(): RawTensor(dtype=dtype, shape=(8,), buffer=bytes(bits))
        for dtype, bits in DTYPE_BITS.items()
    }
    path = tmp_path / "all.safetensors"
    path.write_bytes(whole(arrays))
    with safe_open(path, "np") as opened:
        assert list(opened.offset_keys()) == [dtype.lower() for dtype in reversed(DTYPE_BITS)]
        for dtype in DTYPE_BITS:
            assert opened.get_slice(dtype.lower()).get_dtype() == dtype


def test_several_metadata_keys_come_sorted_and_always_the_same() -> None:
    keys = [f"k{number}" for number in range(12)]
    files = set()
    for seed in range(50):
        random.Random(seed).shuffle(keys)
        files.add(whole({"x": np.zeros(3)}, dict.fromkeys(keys, "v")))
    assert len(files) == 1
    data = files.pop()
    length = prefix_length(data[:8], file_size=len(data))
    header = parse_header(data[8 : 8 + length], payload_size=24)
    assert is_canonical(data[8 : 8 + length], header)
    assert data[8:40] == b'{"__metadata__":{"k0":"v","k1":"'


def test_what_the_format_cannot_hold_is_refused_before_the_first_chunk() -> None:
    with pytest.raises(FormatError) as caught:
        dump_tensors({"x": np.array([{}], dtype=object)})
    assert str(caught.value) == (
        "dtype has no place in safetensors\n"
        "  wanted: bool, uint8, int8, float8_e5m2, float8_e4m3fn, float8_e8m0fnu, float8_e4m3fnuz, float8_e5m2fnuz, "
        "int16, uint16, float16, bfloat16, int32, uint32, float32, complex64, float64, int64, uint64\n"
        "  found:  object\n  where:  tensor x\n  hint:   give packed types as RawTensor"
    )
    with pytest.raises(FormatError) as caught:
        dump_tensors({"x": RawTensor(dtype="BF16", shape=(3,), buffer=b"12345")})
    assert str(caught.value) == (
        "buffer does not fit its shape\n  wanted: 6 contiguous bytes for BF16 [3]\n  found:  5 bytes\n"
        "  where:  tensor x"
    )
    with pytest.raises(FormatError, match="4 bytes, not contiguous"):
        dump_tensors({"x": RawTensor(dtype="BF16", shape=(2,), buffer=memoryview(b"12345678")[::2])})


def test_contiguous_arrays_are_not_copied() -> None:
    array = np.arange(1000, dtype=np.float32)
    _, payload = dump_tensors({"x": array})
    assert np.shares_memory(np.frombuffer(payload, np.uint8), array)
