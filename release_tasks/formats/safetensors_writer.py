"""The canonical safetensors header: one set of tensors, one sequence of bytes.

It is the layout of the library, with metadata sorted: the library's own order is random (its issue 584).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from release_tasks.errors import FormatError
from release_tasks.formats.safetensors_header import (
    DTYPE_BITS,
    MAX_HEADER_BYTES,
    METADATA_KEY,
    PREFIX_BYTES,
    Header,
    TensorInfo,
    TensorSpec,
    byte_size,
    check_tensor_name,
)

_RANK = {dtype: rank for rank, dtype in enumerate(DTYPE_BITS)}
_ALIGNMENT = 8


def lay_out(tensors: Iterable[TensorSpec]) -> tuple[TensorInfo, ...]:
    """Give every tensor its place: widest dtype first (the library's order of dtypes), then by name, no gaps.

    Raises FormatError for duplicate or unsafe names, unknown dtypes and bad shapes.
    """
    specs = list(tensors)
    names: set[str] = set()
    for spec in specs:
        check_tensor_name(spec.name)
        if spec.name in names:
            raise FormatError("two tensors with one name", found=spec.name)
        names.add(spec.name)
    sizes = {spec.name: byte_size(spec.dtype, spec.shape, where=f"tensor {spec.name}") for spec in specs}
    placed: list[TensorInfo] = []
    start = 0
    for spec in sorted(specs, key=lambda spec: (-_RANK[spec.dtype], spec.name)):
        end = start + sizes[spec.name]
        placed.append(TensorInfo(name=spec.name, dtype=spec.dtype, shape=spec.shape, start=start, end=end))
        start = end
    return tuple(placed)


def dump_header(tensors: Iterable[TensorSpec], metadata: Mapping[str, str] | None = None) -> bytes:
    """Render the JSON header of the tensors as `lay_out` places them, padded with spaces to 8 bytes.

    A file is `dump_prefix(header) + header + payload`. Equal to the library's bytes when there is at most one
    metadata key. Raises FormatError as `lay_out` does, and for metadata that is not text.
    """
    table: dict[str, object] = {}
    if metadata is not None:
        for key, text in metadata.items():
            if not all(isinstance(part, str) for part in (key, text)):
                raise FormatError(
                    "safetensors metadata holds more than text", found=f"{key!r}: {text!r}"[:200]
                )
        table[METADATA_KEY] = dict(sorted(metadata.items()))
    for tensor in lay_out(tensors):
        table[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [tensor.start, tensor.end],
        }
    try:
        body = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise FormatError("safetensors metadata holds half of a surrogate pair") from None
    header = body + b" " * (-len(body) % _ALIGNMENT)
    if len(header) > MAX_HEADER_BYTES:
        raise FormatError(
            "safetensors header too large",
            wanted=f"at most {MAX_HEADER_BYTES} bytes",
            found=f"{len(header)} bytes",
        )
    return header


def dump_prefix(header_json: bytes) -> bytes:
    """Render the 8 bytes that come before a header."""
    return len(header_json).to_bytes(PREFIX_BYTES, "little")


def is_canonical(header_json: bytes, header: Header) -> bool:
    """Tell whether a header that parsed is also the one that we would write.

    False for valid files with other order, padding, whitespace or escapes; a fixer copies each tensor of
    `header` to its place in `lay_out(header.tensors)`.
    """
    metadata = None if header.metadata is None else dict(header.metadata)
    return dump_header(header.tensors, metadata) == header_json
