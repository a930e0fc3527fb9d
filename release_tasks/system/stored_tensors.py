"""Where the tensors of a safetensors or GGUF file stand, and its whole metadata: what is compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from release_tasks.errors import FormatError
from release_tasks.formats.safetensors_header import PREFIX_BYTES
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON
from release_tasks.system.gguf_file import block_size, malformed_gguf, open_gguf
from release_tasks.system.safetensors_file import read_header


@frozen
class Blocks:
    """A quantised type of GGML: values and bytes of one block."""

    values: int
    bytes: int


@frozen
class StoredTensor:
    """A tensor at bytes [start, start + size) of a file; the shape is row-major."""

    path: Path
    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int
    blocks: Blocks | None = None


@frozen
class TensorFile:
    """The tensors of one file in the order of their bytes, and its metadata."""

    metadata: Mapping[str, JSON]
    tensors: tuple[StoredTensor, ...]


def read_safetensors(path: Path, *, where: str) -> TensorFile:
    """Read the header of a valid file, canonical or not; raises FormatError for a malformed one."""
    raw, header = read_header(path, where=where, follow=False)
    begin = PREFIX_BYTES + len(raw)
    tensors = (
        StoredTensor(
            path=path,
            name=tensor.name,
            dtype=tensor.dtype,
            shape=tensor.shape,
            start=begin + tensor.start,
            size=tensor.end - tensor.start,
        )
        for tensor in header.tensors
    )
    return TensorFile(metadata=dict(header.metadata or ()), tensors=tuple(tensors))


def read_gguf_tensors(path: Path, *, where: str) -> TensorFile:
    """Read metadata and places of a little-endian GGUF file.

    Raises EnvironmentRefused without the gguf library, FormatError for a malformed file and a big-endian one.
    """
    reader = open_gguf(path, where=where)
    with malformed_gguf(where):
        if reader.endianess.name != "LITTLE":
            raise FormatError("a big-endian GGUF file", wanted="little-endian", where=where)
        metadata = {
            name: _plain(field.contents())
            for name, field in reader.fields.items()
            if not name.startswith("GGUF.")
        }
        tensors = [_gguf_tensor(path, tensor) for tensor in reader.tensors]
    return TensorFile(metadata=metadata, tensors=tuple(sorted(tensors, key=lambda one: one.start)))


def _gguf_tensor(path: Path, tensor: Any) -> StoredTensor:
    values, size = block_size(tensor)
    return StoredTensor(
        path=path,
        name=tensor.name,
        dtype=tensor.tensor_type.name,
        shape=tuple(int(extent) for extent in reversed(tensor.shape)),
        start=int(tensor.data_offset),
        size=int(tensor.n_bytes),
        blocks=Blocks(values=values, bytes=size) if values > 1 else None,
    )


def _plain(value: Any) -> JSON:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, bool | int | str) else ascii(value)[:100]
