"""Numpy arrays to the bytes of a safetensors file, one tensor at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from release_tasks.errors import FormatError
from release_tasks.formats.safetensors_header import TensorSpec, byte_size
from release_tasks.formats.safetensors_writer import dump_header, dump_prefix, lay_out
from release_tasks.records.frozen_record import frozen

# By name, so that the types of ml_dtypes work without importing it.
_DTYPES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "float8_e5m2": "F8_E5M2",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "int16": "I16",
    "uint16": "U16",
    "float16": "F16",
    "bfloat16": "BF16",
    "int32": "I32",
    "uint32": "U32",
    "float32": "F32",
    "complex64": "C64",
    "float64": "F64",
    "int64": "I64",
    "uint64": "U64",
}


@frozen
class RawTensor:
    """A tensor of a dtype that numpy lacks (BF16, F8, packed F4 and F6): little-endian bytes in C order."""

    dtype: str
    shape: tuple[int, ...]
    buffer: bytes | bytearray | memoryview


def dump_tensors(
    arrays: Mapping[str, npt.NDArray[Any] | RawTensor], metadata: Mapping[str, str] | None = None
) -> Iterator[bytes | memoryview]:
    """Return the chunks of a canonical file: prefix and header, then each tensor, little-endian, in C order.

    Arrays of any strides are right; the library 0.8.0 writes foreign memory for some (its issue 825). Arrays
    that are not contiguous are copied one at a time. Raises FormatError, before the first chunk, for dtypes
    that the format lacks and buffers of another size than their shape.
    """
    places = lay_out(_spec(name, tensor) for name, tensor in arrays.items())
    header = dump_header(places, metadata)
    return _chunks(header, [arrays[place.name] for place in places])


def _chunks(header: bytes, tensors: list[npt.NDArray[Any] | RawTensor]) -> Iterator[bytes | memoryview]:
    yield dump_prefix(header) + header
    for tensor in tensors:
        yield memoryview(tensor.buffer).cast("B") if isinstance(tensor, RawTensor) else _payload(tensor)


def _spec(name: str, tensor: npt.NDArray[Any] | RawTensor) -> TensorSpec:
    place = f"tensor {name}"
    if isinstance(tensor, RawTensor):
        view = memoryview(tensor.buffer)
        wanted = byte_size(tensor.dtype, tensor.shape, where=place)
        if not view.c_contiguous or view.nbytes != wanted:
            raise FormatError(
                "buffer does not fit its shape",
                wanted=f"{wanted} contiguous bytes for {tensor.dtype} {list(tensor.shape)}",
                found=f"{view.nbytes} bytes{'' if view.c_contiguous else ', not contiguous'}",
                where=place,
            )
        return TensorSpec(name=name, dtype=tensor.dtype, shape=tensor.shape)
    dtype = _DTYPES.get(tensor.dtype.name)
    if dtype is None:
        raise FormatError(
            "dtype has no place in safetensors",
            wanted=", ".join(_DTYPES),
            found=tensor.dtype.name,
            where=place,
            hint="give packed types as RawTensor",
        )
    return TensorSpec(name=name, dtype=dtype, shape=tensor.shape)


def _payload(array: npt.NDArray[Any]) -> memoryview:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    # The reshape makes 0-d and empty arrays viewable as bytes; contiguous arrays are not copied.
    return np.ascontiguousarray(little).reshape(-1).view(np.uint8).data
