"""Distributions of the values in a file of weights, in memory that does not grow with the file.

A tensor of up to WHOLE values is read whole. Of a larger one every k-th run of RUN values is read from its
beginning, with the smallest k for which at most WHOLE values are: the same values every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from math import ceil, prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from release_tasks.errors import EnvironmentRefused, FormatError, IntegrityError
from release_tasks.records.tensor_overview import (
    BINS,
    RUN,
    WHOLE,
    Distribution,
    TensorOverview,
    WeightsOverview,
)
from release_tasks.system.stored_tensors import StoredTensor, TensorFile, read_gguf_tensors, read_safetensors
from release_tasks.system.tensor_distance import values_of


def overview(folder: Path, path: str) -> WeightsOverview:
    """Look at every tensor of a safetensors or GGUF file below `folder`.

    What cannot be read, as GGUF without the gguf library, is said in `problem`. Raises IntegrityError for a
    file that ends early, StorageError or OSError when the system refuses.
    """
    try:
        stored = _read(folder / path, path)
    except (EnvironmentRefused, FormatError) as error:
        hint = f"; {error.hint}" if error.hint else ""
        return WeightsOverview(path=path, tensors=(), problem=f"{error.what}{hint}")
    with closing((folder / path).open("rb", buffering=0)) as stream:
        tensors = [_tensor(stream, tensor) for tensor in stored.tensors]
    return WeightsOverview(path=path, tensors=tuple(sorted(tensors, key=lambda tensor: tensor.name)))


def _read(file: Path, where: str) -> TensorFile:
    if where.endswith(".gguf"):
        return read_gguf_tensors(file, where=where)
    return read_safetensors(file, where=where)


def _tensor(stream: BinaryIO, tensor: StoredTensor) -> TensorOverview:
    values = prod(tensor.shape)
    sample = _sample(stream, tensor, values)
    return TensorOverview(
        name=tensor.name,
        dtype=tensor.dtype,
        shape=tensor.shape,
        values=values,
        bytes=tensor.size,
        distribution=None if sample is None else distribution(sample),
    )


def _sample(stream: BinaryIO, tensor: StoredTensor, values: int) -> NDArray[np.float64] | None:
    found = []
    for start, size in _runs(tensor, values):
        stream.seek(tensor.start + start)
        raw = np.frombuffer(_exactly(stream, size), dtype=np.uint8)
        part = values_of(tensor, raw)
        if part is None:
            return None
        found.append(part)
    return np.concatenate(found) if found else None


def _runs(tensor: StoredTensor, values: int) -> Iterator[tuple[int, int]]:
    """Byte ranges inside the tensor that are read, each of whole units."""
    if values <= WHOLE:
        if values:
            yield 0, tensor.size
        return
    unit_values, unit_bytes = (
        (tensor.blocks.values, tensor.blocks.bytes) if tensor.blocks else (1, tensor.size // values)
    )
    if not unit_bytes:  # a packed type whose values are less than a byte: nobody knows them anyway
        yield 0, 1
        return
    run = RUN // unit_values * unit_bytes
    runs = ceil(tensor.size / run)
    step = ceil(runs * RUN / WHOLE)
    for index in range(0, runs, step):
        yield index * run, min(run, tensor.size - index * run)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := stream.read(size - len(data))):
        data += piece
    if len(data) < size:
        raise IntegrityError(
            "the file changed while it was read",
            wanted="the size that its header was checked against",
            found="an earlier end",
            hint="stop the program that writes to it, then run again",
        )
    return data


def distribution(values: NDArray[np.float64]) -> Distribution | None:
    """Describe values; None when not one of them is finite. Bins are half open, but for the last."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    least, greatest = float(finite.min()), float(finite.max())
    counts: tuple[int, ...] = (int(finite.size),)
    if least < greatest:
        counts = tuple(int(count) for count in _counts(finite, least, greatest))
    return Distribution(
        read=int(values.size),
        not_finite=int(values.size - finite.size),
        least=least,
        mean=float(finite.mean()),
        deviation=float(finite.std()),
        greatest=greatest,
        counts=counts,
    )


def _counts(finite: NDArray[np.float64], least: float, greatest: float) -> NDArray[np.int64]:
    """Scaled by halves first: the span of two huge values may be no number."""
    with np.errstate(all="ignore"):
        place = (finite / 2 - least / 2) / (greatest / 2 - least / 2) * BINS
    index = np.clip(np.nan_to_num(place), 0, BINS - 1).astype(np.int64)
    return np.bincount(index, minlength=BINS)
