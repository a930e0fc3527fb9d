"""How one file differs from another: tensors by element, JSON by key, text by line, anything else by byte."""

from __future__ import annotations

import math
from typing import Literal

from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

Kind = Literal["added", "removed", "retyped", "reshaped", "changed"]
Unit = Literal["element", "block", "byte"]
Format = Literal["safetensors", "gguf", "json", "text", "binary"]
Relation = Literal["identical", "tensors-equal", "different"]


@frozen
class TensorDifference:
    """One tensor that is not the same; what cannot be said is None.

    Shapes are row-major, also those of GGUF. `elements`, `differing` (by bits) and `first_index` (row-major)
    count in `unit`: blocks of quantised tensors, bytes of types that are packed below a byte. `max_abs` and
    `max_ulp` are over what differs; both are None as soon as one of the `nan` differing values is NaN on
    either side. Integers have no ULP. Only a `changed` tensor was compared value by value.
    """

    name: str
    kind: Kind
    dtype_before: str | None
    dtype_after: str | None
    shape_before: tuple[int, ...] | None
    shape_after: tuple[int, ...] | None
    elements: int
    unit: Unit = "element"
    differing: int | None = None
    max_abs: float | int | None = None
    max_ulp: int | None = None
    first_index: tuple[int, ...] | None = None
    nan: int = 0

    def to_json(self) -> JSONObject:
        """Write the difference as plain JSON; an infinite distance is the string `inf`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "dtype": {"before": self.dtype_before, "after": self.dtype_after},
            "shape": {"before": _list(self.shape_before), "after": _list(self.shape_after)},
            "elements": self.elements,
            "unit": self.unit,
            "differing": self.differing,
            "max_abs": finite_or_text(self.max_abs),
            "max_ulp": self.max_ulp,
            "first_index": _list(self.first_index),
            "nan": self.nan,
        }


@frozen
class ValueDifference:
    """One value that is not the same: its dotted key, and it as short JSON text; None where there is none."""

    key: str
    before: str | None
    after: str | None

    def to_json(self) -> JSONObject:
        """Write the difference as plain JSON."""
        return {"key": self.key, "before": self.before, "after": self.after}


@frozen
class ValueDifferences:
    """How many values differ, and the first of them in the order of their keys."""

    count: int = 0
    shown: tuple[ValueDifference, ...] = ()

    def to_json(self) -> JSONObject:
        """Write the differences as plain JSON."""
        return {"count": self.count, "shown": [value.to_json() for value in self.shown]}


@frozen
class TextDifference:
    """Lines that only one side has, and the first lines of a unified diff.

    The counts are those of the whole diff. `aligned` is false when the changed parts were too long to be
    aligned line by line: then everything between the first and the last difference counts as replaced.
    """

    removed: int
    added: int
    lines: tuple[str, ...]
    aligned: bool = True

    def to_json(self) -> JSONObject:
        """Write the difference as plain JSON."""
        return {
            "removed": self.removed,
            "added": self.added,
            "lines": list[JSON](self.lines),
            "aligned": self.aligned,
        }


@frozen
class FileDifference:
    """How `name` differs: `tensors-equal` when only the header of a file of tensors does.

    `header` are metadata of a file of tensors, and the order of its tensors; `tensors` its payload, sorted by
    name; `values` those of JSON, `text` that of text. `size` are bytes before and after, `offset` the first
    byte that differs, None for identical files. `note` says what could not be compared, and why.
    """

    name: str
    format: Format
    relation: Relation
    size: tuple[int, int]
    offset: int | None = None
    header: ValueDifferences = ValueDifferences()
    tensors: tuple[TensorDifference, ...] = ()
    tensor_count: int = 0
    values: ValueDifferences = ValueDifferences()
    text: TextDifference | None = None
    note: str | None = None

    def to_json(self) -> JSONObject:
        """Write the difference as plain JSON, all tensors included."""
        return {
            "name": self.name,
            "format": self.format,
            "relation": self.relation,
            "size": {"before": self.size[0], "after": self.size[1]},
            "offset": self.offset,
            "header": self.header.to_json(),
            "tensor_count": self.tensor_count,
            "tensors": [tensor.to_json() for tensor in self.tensors],
            "values": self.values.to_json(),
            "text": None if self.text is None else self.text.to_json(),
            "note": self.note,
        }


def finite_or_text(value: float | int | None) -> JSON:  # noqa: PYI041 - integers stay integers
    """A number that JSON can hold, NaN and infinities as `nan`, `inf` and `-inf`."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _list(items: tuple[int, ...] | None) -> JSON:
    return None if items is None else list[JSON](items)
