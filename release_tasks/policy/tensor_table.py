"""Tensors that differ, as a table: for Markdown and for a terminal, bounded rows, the count exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from release_tasks.formats.markdown import code_span, markdown_table, plain_table, shortened
from release_tasks.records.difference import TensorDifference

SHOWN = 40
HEAD = ("tensor", "change", "dtype", "shape", "differing", "max abs", "max ULP", "first at")


def markdown_tensors(tensors: Sequence[TensorDifference], *, shown: int = SHOWN) -> list[str]:
    """The lines of a Markdown table, and one line for the tensors that it leaves out."""
    rest = _rest(tensors, shown)
    table = markdown_table(HEAD, [_row(tensor, code_span) for tensor in tensors[:shown]])
    return [*table, "", *rest] if rest else table


def plain_tensors(
    tensors: Sequence[TensorDifference], *, shown: int = SHOWN, indent: str = "  "
) -> list[str]:
    """The lines of a table for a terminal, and one line for the tensors that it leaves out."""
    table = plain_table(HEAD, [_row(tensor, shortened) for tensor in tensors[:shown]], indent=indent)
    return table + [indent + line for line in _rest(tensors, shown)]


def _rest(tensors: Sequence[TensorDifference], shown: int) -> list[str]:
    more = len(tensors) - shown
    return [f"and {more} more of {len(tensors)}; --json has all"] if more > 0 else []


def _row(tensor: TensorDifference, name: Callable[[str], str]) -> tuple[str, ...]:
    return (
        name(tensor.name),
        tensor.kind,
        _became(tensor.dtype_before, tensor.dtype_after),
        _became(_shape(tensor.shape_before), _shape(tensor.shape_after)),
        _differing(tensor),
        _distance(tensor, tensor.max_abs),
        _distance(tensor, tensor.max_ulp),
        "" if tensor.first_index is None else f"[{', '.join(map(str, tensor.first_index))}]",
    )


def _became(before: str | None, after: str | None) -> str:
    both = before is not None and after is not None and before != after
    return f"{before} → {after}" if both else (after or before or "")


def _shape(shape: tuple[int, ...] | None) -> str | None:
    return None if shape is None else "x".join(map(str, shape)) or "scalar"


def _differing(tensor: TensorDifference) -> str:
    if tensor.differing is None:
        return ""
    units = "" if tensor.unit == "element" else f" {tensor.unit}s"
    return f"{tensor.differing} of {tensor.elements}{units}"


def _distance(tensor: TensorDifference, value: float | int | None) -> str:  # noqa: PYI041 - integers stay
    if tensor.kind != "changed":
        return ""
    if value is None:
        return f"NaN ({tensor.nan})" if tensor.nan else "—"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
