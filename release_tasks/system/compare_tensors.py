"""Two sets of tensors compared by name, those of equal dtype and shape by element, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from release_tasks.errors import FormatError, IntegrityError
from release_tasks.policy.value_diff import collect_values, differing_values
from release_tasks.records.difference import Kind, TensorDifference, ValueDifference, ValueDifferences
from release_tasks.system.storage import open_regular, storage_errors
from release_tasks.system.stored_tensors import StoredTensor, TensorFile
from release_tasks.system.tensor_distance import Raw, Tally, measure_of

_CHUNK = 256 << 10  # bytes of each side; what is made of them should stay in the cache of a core


def open_to_read(path: Path) -> BinaryIO:
    """Open a regular file, which no link is; errors as `open_regular`."""
    fd, _ = open_regular(path)
    return open(fd, "rb")  # noqa: PTH123 - it is open already


def by_name(files: Iterable[TensorFile], *, where: str) -> dict[str, StoredTensor]:
    """The tensors of a file, or of all shards, by name; raises FormatError when two shards have one name."""
    found: dict[str, StoredTensor] = {}
    for file in files:
        for tensor in file.tensors:
            if found.setdefault(tensor.name, tensor) is not tensor:
                raise FormatError(
                    "two shards have a tensor of one name",
                    wanted="every tensor once",
                    found=ascii(tensor.name)[:200],
                    where=where,
                )
    return found


def compare_tensors(
    before: dict[str, StoredTensor], after: dict[str, StoredTensor]
) -> tuple[TensorDifference, ...]:
    """Every tensor that is not the same, sorted by name.

    Raises IntegrityError when a file changes while it is read, StorageError when the system refuses.
    """
    return tuple(_differences(before, after))


def compare_headers(before: TensorFile, after: TensorFile) -> ValueDifferences:
    """Metadata by key, then the order of the tensors' bytes where both files have the same ones."""
    return collect_values(_header(before, after))


def _header(before: TensorFile, after: TensorFile) -> Iterator[ValueDifference]:
    yield from differing_values(dict(before.metadata), dict(after.metadata), "metadata")
    old, new = ([tensor.name for tensor in file.tensors] for file in (before, after))
    if old != new and sorted(old) == sorted(new):
        pairs = enumerate(zip(old, new, strict=True))
        at, (left, right) = next((at, pair) for at, pair in pairs if pair[0] != pair[1])
        yield from differing_values(left, right, f"order[{at}]")


def _differences(
    before: dict[str, StoredTensor], after: dict[str, StoredTensor]
) -> Iterator[TensorDifference]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield _unlike("removed" if new is None else "added", old, new)
        elif old.dtype != new.dtype:
            yield _unlike("retyped", old, new)
        elif old.shape != new.shape:
            yield _unlike("reshaped", old, new)
        else:
            changed = _changed(old, new)
            if changed is not None:
                yield changed


def _unlike(kind: Kind, old: StoredTensor | None, new: StoredTensor | None) -> TensorDifference:
    one = new or old
    if one is None:
        raise AssertionError("BUG: a tensor is on one side at least")
    measure = measure_of(one)
    return TensorDifference(
        name=one.name,
        kind=kind,
        dtype_before=None if old is None else old.dtype,
        dtype_after=None if new is None else new.dtype,
        shape_before=None if old is None else old.shape,
        shape_after=None if new is None else new.shape,
        elements=one.size // measure.width,
        unit=measure.unit,
    )


def _changed(old: StoredTensor, new: StoredTensor) -> TensorDifference | None:
    measure = measure_of(old)
    step = max(_CHUNK // measure.width, 1) * measure.width
    tally = Tally()
    with storage_errors(old.path), open_to_read(old.path) as left, open_to_read(new.path) as right:
        left.seek(old.start)
        right.seek(new.start)
        buffers = np.empty((2, min(step, old.size)), dtype=np.uint8)
        for at in range(0, old.size, step):
            size = min(step, old.size - at)
            one, other = buffers[0, :size], buffers[1, :size]
            _fill(left, one, old.path)
            _fill(right, other, new.path)
            tally.add(measure.tally(one, other, at=at // measure.width))
    if tally.first is None:
        return None
    index = tuple(int(place) for place in np.unravel_index(tally.first, measure.shape))
    return replace(
        _unlike("changed", old, new),
        differing=tally.differing,
        max_abs=None if tally.nan else tally.max_abs,
        max_ulp=None if tally.nan else tally.max_ulp,
        first_index=index,
        nan=tally.nan,
    )


def _fill(stream: BinaryIO, array: Raw, path: Path) -> None:
    view, got = array.data, 0
    while got < len(view) and (count := stream.readinto(view[got:])):  # type: ignore[attr-defined]
        got += count
    if got < len(view):
        raise IntegrityError(
            "the file changed while it was read",
            wanted="the size that its header was checked against",
            found="an earlier end",
            where=str(path),
            hint="stop the program that writes to it, then run again",
        )
