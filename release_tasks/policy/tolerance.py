"""How alike two files are below equal bytes: the levels, and what a declared tolerance lets pass."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

from release_tasks.records.difference import FileDifference, TensorDifference, ValueDifference
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON
from release_tasks.records.likeness import LIKENESSES, Likeness

_NO_ERRORS: Mapping[str, float] = {}


@frozen
class Tolerance:
    """Inclusive limits; None: not declared. Without any, nothing but equality passes.

    `max_ulp` counts representable numbers (Goldberg 1991), `max_abs` is in the unit of the values,
    `standard_errors` is how many standard errors two values of a metric may lie apart.
    """

    max_ulp: int | None = None
    max_abs: float | None = None
    standard_errors: float | None = None


def level_reached(
    difference: FileDifference, tolerance: Tolerance, *, errors: Mapping[str, float] = _NO_ERRORS
) -> Likeness:
    """Tell the strictest level that two files reach.

    `bytes`: identical. `tensors`: the same content; only a header, or the spelling of JSON, is another.
    `tolerance`: tensors with equal names, dtypes and shapes whose values keep the limits, or JSON in which
    only metrics with a standard error in `errors` (by dotted key) differ, and those lie close enough.
    """
    if difference.relation == "identical":
        return "bytes"
    if difference.relation == "tensors-equal":
        return "tensors"
    if difference.format in {"safetensors", "gguf"}:
        passes = bool(difference.tensors) and all(
            tensor_within(tensor, tolerance) for tensor in difference.tensors
        )
        return "tolerance" if passes else "none"
    if difference.format == "json":
        return _json_level(difference, tolerance, errors)
    return "none"


def weakest(levels: Iterable[Likeness]) -> Likeness:
    """The level that all of these reach together; of nothing: bytes."""
    return max(levels, key=LIKENESSES.index, default="bytes")


def tensor_within(tensor: TensorDifference, tolerance: Tolerance) -> bool:
    """Tell whether every value of a tensor keeps every declared limit that its dtype can be measured by.

    A dtype without ULPs (integers, quantised blocks) is judged by `max_abs` alone and fails where only
    `max_ulp` is declared. NaN against anything else, another NaN too, never passes.
    """
    if tensor.kind != "changed" or tensor.nan:
        return False
    pairs = ((tensor.max_ulp, tolerance.max_ulp), (tensor.max_abs, tolerance.max_abs))
    kept = [found <= limit for found, limit in pairs if found is not None and limit is not None]
    if tensor.max_abs is None and tolerance.max_abs is not None:
        return False
    return bool(kept) and all(kept)


def within_standard_errors(
    before: float, after: float, *, standard_error: float | None, limit: float
) -> bool:
    """Tell whether two values of a metric lie at most `limit` standard errors apart, inclusive.

    `standard_error` is that of the difference; a metric without one is equal or it is not. NaN never passes.
    """
    if not (math.isfinite(before) and math.isfinite(after)):
        return False
    if before == after:
        return True
    return standard_error is not None and abs(before - after) <= limit * standard_error


def standard_error_of_difference(before: float | None, after: float | None) -> float | None:
    """The standard error of the difference of two independent values: the root of the sum of squares."""
    return None if before is None or after is None else math.hypot(before, after)


def _json_level(difference: FileDifference, tolerance: Tolerance, errors: Mapping[str, float]) -> Likeness:
    values = difference.values
    if not values.count:
        return "tensors"
    limit = tolerance.standard_errors
    if limit is None or values.count != len(values.shown):
        return "none"
    passes = all(_metric_within(value, errors.get(value.key), limit) for value in values.shown)
    return "tolerance" if passes else "none"


def _metric_within(value: ValueDifference, standard_error: float | None, limit: float) -> bool:
    before, after = _number(value.before), _number(value.after)
    if before is None or after is None:
        return False
    return within_standard_errors(before, after, standard_error=standard_error, limit=limit)


def _number(text: str | None) -> float | None:
    try:
        value: JSON = None if text is None else json.loads(text)
    except ValueError:  # cut off, so no number
        return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
