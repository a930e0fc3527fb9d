"""Headers of safetensors files, read strictly (https://huggingface.co/docs/safetensors, library 0.8.0)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON

MAX_HEADER_BYTES = 100_000_000  # the library's own limit
METADATA_KEY = "__metadata__"
PREFIX_BYTES = 8  # little-endian u64: length of the JSON that follows
_MAX_BITS = (2**63 - 1) * 8

# Bits per element, in the library's order of declaration, which is also its order of layout (last one first).
DTYPE_BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}


@frozen
class TensorSpec:
    """A tensor before it has a place: its name, safetensors dtype and shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@frozen
class TensorInfo(TensorSpec):
    """A tensor at bytes [start, end) of the payload, which begins after the header."""

    start: int
    end: int


@frozen
class Header:
    """All tensors in the order of their bytes, and the metadata sorted by key (None: the file has none)."""

    tensors: tuple[TensorInfo, ...]
    metadata: tuple[tuple[str, str], ...] | None


def prefix_length(first8: bytes, *, file_size: int, where: str | None = None) -> int:
    """Return the length of the header in bytes from the first 8 bytes of a file of `file_size` bytes.

    Raises FormatError when the file is shorter than it says or the header is over 100 MB.
    """
    if len(first8) != PREFIX_BYTES or file_size < PREFIX_BYTES:
        raise FormatError(
            "not a safetensors file", wanted="at least 8 bytes", found=f"{file_size} bytes", where=where
        )
    length = int.from_bytes(first8, "little")
    if length > MAX_HEADER_BYTES:
        raise FormatError(
            "safetensors header too large",
            wanted=f"at most {MAX_HEADER_BYTES} bytes",
            found=f"{length} bytes",
            where=where,
        )
    if length > file_size - PREFIX_BYTES:
        raise FormatError(
            "safetensors file is cut off",
            wanted=f"a header of {length} bytes",
            found=f"{file_size - PREFIX_BYTES} bytes",
            where=where,
        )
    return length


def parse_header(header_json: bytes, *, payload_size: int, where: str | None = None) -> Header:
    """Read the JSON header of a file whose payload has `payload_size` bytes.

    Padding, order and unsorted metadata are allowed here (see `is_canonical`). Raises FormatError for
    duplicate names or keys, unknown fields and dtypes, unsafe names, metadata that is not text, shapes that
    do not give the size of their bytes, and tensors that do not cover the payload once without holes.
    """
    table = parse_strict(header_json, where=where, max_bytes=MAX_HEADER_BYTES, max_depth=3)
    if not isinstance(table, dict):
        raise FormatError(
            "safetensors header is not an object", wanted="a JSON object", found=_kind(table), where=where
        )
    metadata = _metadata(table[METADATA_KEY], where) if METADATA_KEY in table else None
    tensors = [_tensor(name, entry, where) for name, entry in table.items() if name != METADATA_KEY]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end, tensor.name))
    _refuse_gaps(tensors, payload_size, where)
    return Header(tensors=tuple(tensors), metadata=metadata)


def byte_size(dtype: str, shape: Iterable[int], *, where: str | None = None) -> int:
    """Return the bytes of a tensor; raises FormatError for unknown dtypes, bad shapes and half bytes."""
    bits = DTYPE_BITS.get(dtype)
    if bits is None:
        raise FormatError(
            "unknown dtype", wanted=", ".join(DTYPE_BITS), found=ascii(dtype)[:100], where=where
        )
    for extent in shape:
        if type(extent) is not int or extent < 0:
            raise FormatError("bad shape", wanted="integers from 0", found=ascii(extent)[:100], where=where)
        bits *= extent
        if bits > _MAX_BITS:
            raise FormatError("shape overflows", wanted="less than 2**63 bytes", where=where)
    if bits % 8:
        raise FormatError(
            "tensor does not end at a byte", wanted="a multiple of 8 bits", found=f"{bits} bits", where=where
        )
    return bits // 8


def check_tensor_name(name: str, *, where: str | None = None) -> None:
    """Raise FormatError for a name that is empty, hides characters or looks like a path out of a tree.

    Names are often used as file names by converters; `/`, `:` and dots inside a name are usual.
    """
    flaw = None
    if not name:
        flaw = "is empty"
    elif name == METADATA_KEY:
        flaw = "is the key of the metadata"
    elif any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in name):
        flaw = "holds a control character"
    elif name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        flaw = "leads out of its folder"
    if flaw is not None:
        raise FormatError(f"tensor name refused: it {flaw}", found=ascii(name)[:200], where=where)


def _kind(value: JSON) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _metadata(value: JSON, where: str | None) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise FormatError(
            "safetensors metadata is not an object", wanted="text by key", found=_kind(value), where=where
        )
    pairs: list[tuple[str, str]] = []
    for key, text in sorted(value.items()):
        if not isinstance(text, str):
            raise FormatError(
                "safetensors metadata holds more than text",
                wanted="a string",
                found=f"{_kind(text)} at {ascii(key)[:100]}",
                where=where,
            )
        pairs.append((key, text))
    return tuple(pairs)


def _tensor(name: str, entry: JSON, where: str | None) -> TensorInfo:
    check_tensor_name(name, where=where)
    place = f"{where}, tensor {name}" if where else f"tensor {name}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise FormatError(
            "bad entry of a tensor",
            wanted="exactly dtype, shape and data_offsets",
            found=ascii(", ".join(sorted(entry)))[:200] if isinstance(entry, dict) else _kind(entry),
            where=place,
        )
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or not isinstance(shape, list):
        raise FormatError(
            "bad entry of a tensor",
            wanted="dtype a string, shape a list",
            found=f"{_kind(dtype)} and {_kind(shape)}",
            where=place,
        )
    extents = tuple(extent for extent in shape if isinstance(extent, int) and not isinstance(extent, bool))
    if len(extents) != len(shape):
        raise FormatError("bad shape", wanted="integers from 0", found=ascii(shape)[:100], where=place)
    size = byte_size(dtype, extents, where=place)
    start, end = _offsets(offsets, place)
    if end - start != size:
        raise FormatError(
            "tensor has another size than its shape",
            wanted=f"{size} bytes for {dtype} {list(extents)}",
            found=f"{end - start} bytes",
            where=place,
        )
    return TensorInfo(name=name, dtype=dtype, shape=extents, start=start, end=end)


def _offsets(value: JSON, place: str) -> tuple[int, int]:
    match value:
        case [int() as start, int() as end] if type(start) is int and type(end) is int and 0 <= start <= end:
            return start, end
    raise FormatError(
        "bad data_offsets",
        wanted="[start, end] with 0 <= start <= end",
        found=ascii(value)[:100],
        where=place,
    )


def _refuse_gaps(tensors: list[TensorInfo], payload_size: int, where: str | None) -> None:
    at = 0
    for tensor in tensors:
        if tensor.start != at:
            raise FormatError(
                "tensors overlap" if tensor.start < at else "bytes between tensors belong to none",
                wanted=f"tensor {tensor.name} at byte {at}",
                found=f"at byte {tensor.start}",
                where=where,
            )
        at = tensor.end
    if at != payload_size:
        raise FormatError(
            "safetensors file is cut off" if at > payload_size else "bytes after the last tensor",
            wanted=f"{at} bytes of tensors",
            found=f"{payload_size} bytes",
            where=where,
        )
