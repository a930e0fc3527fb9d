from __future__ import annotations

import math
from dataclasses import replace

import pytest

from release_tasks.policy.tolerance import (
    Tolerance,
    level_reached,
    standard_error_of_difference,
    tensor_within,
    weakest,
    within_standard_errors,
)
from release_tasks.records.difference import (
    FileDifference,
    TensorDifference,
    ValueDifference,
    ValueDifferences,
)

TENSOR = TensorDifference(
    name="w", kind="changed", dtype_before="F32", dtype_after="F32", shape_before=(2,), shape_after=(2,),
    elements=2, differing=1, max_abs=0.5, max_ulp=4, first_index=(0,),
)  # fmt: skip
INTEGER = replace(TENSOR, max_ulp=None, max_abs=1)
FILE = FileDifference(
    name="m", format="safetensors", relation="different", size=(1, 1), offset=0, tensors=(TENSOR,)
)
JSON = replace(FILE, format="json", tensors=())
NONE = Tolerance()


def metric(key: str, before: str | None, after: str | None) -> ValueDifferences:
    return ValueDifferences(count=1, shown=(ValueDifference(key=key, before=before, after=after),))


@pytest.mark.parametrize(
    ("tensor", "tolerance", "within"),
    [
        (TENSOR, NONE, False),
        (TENSOR, Tolerance(max_ulp=4), True),
        (TENSOR, Tolerance(max_ulp=3), False),
        (TENSOR, Tolerance(max_abs=0.5), True),
        (TENSOR, Tolerance(max_abs=0.4), False),
        (TENSOR, Tolerance(max_ulp=4, max_abs=0.4), False),
        (TENSOR, Tolerance(max_ulp=3, max_abs=1.0), False),
        (TENSOR, Tolerance(standard_errors=9.0), False),
        (INTEGER, Tolerance(max_ulp=9), False),
        (INTEGER, Tolerance(max_ulp=0, max_abs=1.0), True),
        (
            replace(TENSOR, nan=1, max_abs=None, max_ulp=None),
            Tolerance(max_ulp=2**64, max_abs=math.inf),
            False,
        ),
        (replace(TENSOR, max_abs=None, max_ulp=None), Tolerance(max_ulp=2**64, max_abs=math.inf), False),
        (replace(TENSOR, max_abs=math.inf), Tolerance(max_abs=1e300), False),
        (replace(TENSOR, kind="reshaped"), Tolerance(max_ulp=9), False),
        (replace(TENSOR, kind="added"), Tolerance(max_ulp=9), False),
    ],
)
def test_a_tensor_keeps_every_declared_limit(
    tensor: TensorDifference, tolerance: Tolerance, *, within: bool
) -> None:
    assert tensor_within(tensor, tolerance) is within


def test_the_levels_of_files_of_tensors() -> None:
    wide = Tolerance(max_ulp=9)
    assert level_reached(replace(FILE, relation="identical"), NONE) == "bytes"
    assert level_reached(replace(FILE, relation="tensors-equal", tensors=()), NONE) == "tensors"
    assert level_reached(FILE, wide) == "tolerance"
    assert level_reached(FILE, NONE) == "none"
    assert level_reached(replace(FILE, tensors=(TENSOR, replace(TENSOR, max_ulp=10))), wide) == "none"
    assert level_reached(replace(FILE, format="binary", tensors=()), wide) == "none"


def test_the_levels_of_json() -> None:
    assert level_reached(JSON, NONE) == "tensors"  # another spelling of the same values
    off = replace(JSON, values=metric("loss", "1.0", "1.25"))
    two = Tolerance(standard_errors=2.0)
    assert level_reached(off, two) == "none"
    assert level_reached(off, two, errors={"loss": 0.125}) == "tolerance"
    assert level_reached(off, two, errors={"loss": 0.1}) == "none"
    assert level_reached(off, NONE, errors={"loss": 1.0}) == "none"
    for before, after in (("NaN", "1.0"), ("1.0", None), ('"a"', '"b"'), ("true", "false"), ('"aa…', "1.0")):
        found = replace(JSON, values=metric("loss", before, after))
        assert level_reached(found, two, errors={"loss": 1e9}) == "none"
    more = replace(off, values=ValueDifferences(count=2, shown=off.values.shown))
    assert level_reached(more, two, errors={"loss": 1e9}) == "none"


@pytest.mark.parametrize(
    ("before", "after", "error", "within"),
    [
        (1.0, 1.0, None, True),
        (1.0, 1.1, None, False),
        (1.0, 1.5, 0.25, True),
        (1.0, 1.51, 0.25, False),
        (math.nan, math.nan, 1.0, False),
        (math.inf, math.inf, 1.0, False),
        (1.0, math.inf, math.inf, False),
        (1.0, 2.0, math.nan, False),
    ],
)
def test_a_metric_within_two_standard_errors(
    before: float, after: float, error: float | None, *, within: bool
) -> None:
    assert within_standard_errors(before, after, standard_error=error, limit=2.0) is within


def test_errors_of_independent_values_add_as_squares() -> None:
    assert standard_error_of_difference(3.0, 4.0) == 5.0
    assert standard_error_of_difference(None, 4.0) is None


def test_a_release_is_as_good_as_its_weakest_file() -> None:
    assert weakest(["bytes", "tolerance", "tensors"]) == "tolerance"
    assert weakest([]) == "bytes"
