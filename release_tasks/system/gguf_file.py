"""GGUF files read with the `gguf` library: metadata and the table of tensors, never the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_tasks.errors import EnvironmentRefused, FormatError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON

if TYPE_CHECKING:
    import gguf
    import numpy.typing as npt

MAGIC = b"GGUF"
_SHOWN = 3  # items of a long array that are kept


@frozen
class GgufTensor:
    """One tensor: its GGML type, its shape as GGUF writes it (fastest dimension first) and its bytes."""

    name: str
    type: str
    shape: tuple[int, ...]
    bytes: int


@frozen
class GgufFile:
    """A GGUF file: version, metadata (a long array as its length and first items) and tensors by name."""

    version: int
    metadata: dict[str, JSON]
    tensors: tuple[GgufTensor, ...]


def _plain(value: Any) -> JSON:
    if isinstance(value, list):
        first: list[JSON] = [_plain(item) for item in value[:_SHOWN]]
        return first if len(value) <= _SHOWN else {"length": len(value), "first": first}
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, bool | int | str) else ascii(value)[:100]


def open_gguf(path: Path, *, where: str) -> gguf.GGUFReader:
    """Open a GGUF file of version 2 or 3 with the library, mapped into memory; errors as `read_gguf`."""
    try:
        from gguf import GGUFReader  # noqa: PLC0415 - an extra, needed for GGUF only
    except ImportError:
        raise EnvironmentRefused(
            "GGUF files need the gguf library",
            wanted="the extra gguf",
            found="no module gguf",
            where=where,
            hint="pip install 'release_tasks[gguf]'",
        ) from None
    with malformed_gguf(where):
        return GGUFReader(path)


@contextmanager
def malformed_gguf(where: str) -> Iterator[None]:
    """Turn what the library raises over a malformed file into a FormatError."""
    try:
        yield
    except (ValueError, KeyError, IndexError, OverflowError, MemoryError, UnicodeDecodeError) as error:
        raise FormatError(
            "not a GGUF file that can be read",
            wanted="GGUF version 2 or 3",
            found=str(error)[:200] or type(error).__name__,
            where=where,
        ) from None


def read_gguf(path: Path, *, where: str) -> GgufFile:
    """Read a GGUF file of version 2 or 3 (github.com/ggml-org/ggml, docs/gguf.md).

    Raises EnvironmentRefused where the library is not installed, FormatError for a malformed file and one
    whose tensors or keys have one name twice.
    """
    reader = open_gguf(path, where=where)
    with malformed_gguf(where):
        return _described(reader)


def block_size(tensor: gguf.ReaderTensor) -> tuple[int, int]:
    """Values and bytes of one block of a tensor's type; one value for a type that is not quantised."""
    from gguf import GGML_QUANT_SIZES  # noqa: PLC0415 - as above; the tensor was read with it

    values, size = GGML_QUANT_SIZES[tensor.tensor_type]
    return int(values), int(size)


def dequantised(dtype: str, blocks: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """The values of blocks, one a row, as float32; None for a type that the library cannot dequantise."""
    from gguf import GGMLQuantizationType, quants  # noqa: PLC0415 - as above

    try:
        values: npt.NDArray[Any] = quants.dequantize(blocks, GGMLQuantizationType[dtype])
    except NotImplementedError:
        return None
    return values


def _described(reader: gguf.GGUFReader) -> GgufFile:
    metadata = {
        name: _plain(field.contents())
        for name, field in reader.fields.items()
        if not name.startswith("GGUF.")
    }
    tensors = tuple(
        GgufTensor(
            name=tensor.name,
            type=tensor.tensor_type.name,
            shape=tuple(int(size) for size in tensor.shape),
            bytes=int(tensor.n_bytes),
        )
        for tensor in sorted(reader.tensors, key=lambda tensor: tensor.name)
    )
    return GgufFile(version=int(reader.fields["GGUF.version"].contents()), metadata=metadata, tensors=tensors)
