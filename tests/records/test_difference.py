from __future__ import annotations

import json
import math
from dataclasses import replace

from release_tasks.records.difference import (
    FileDifference,
    TensorDifference,
    TextDifference,
    ValueDifference,
    ValueDifferences,
)

TENSOR = TensorDifference(
    name="w", kind="changed", dtype_before="F32", dtype_after="F32", shape_before=(2, 3), shape_after=(2, 3),
    elements=6, differing=1, max_abs=math.inf, max_ulp=2**40, first_index=(1, 2),
)  # fmt: skip


def test_json_has_neither_nan_nor_infinity() -> None:
    nan = replace(TENSOR, max_abs=math.nan, max_ulp=None, nan=1)
    file = FileDifference(
        name="m",
        format="safetensors",
        relation="different",
        size=(1, 2),
        offset=0,
        tensors=(TENSOR, nan),
        tensor_count=2,
    )
    value = json.loads(json.dumps(file.to_json(), allow_nan=False))
    assert [tensor["max_abs"] for tensor in value["tensors"]] == ["inf", "nan"]
    assert value["tensors"][0] == {
        "name": "w",
        "kind": "changed",
        "dtype": {"before": "F32", "after": "F32"},
        "shape": {"before": [2, 3], "after": [2, 3]},
        "elements": 6,
        "unit": "element",
        "differing": 1,
        "max_abs": "inf",
        "max_ulp": 2**40,
        "first_index": [1, 2],
        "nan": 0,
    }


def test_values_and_text() -> None:
    found = FileDifference(
        name="c.json",
        format="json",
        relation="different",
        size=(3, 3),
        offset=1,
        values=ValueDifferences(count=9, shown=(ValueDifference(key="a.b", before="1", after=None),)),
        text=TextDifference(removed=1, added=0, lines=("-a",)),
        note="cut",
    ).to_json()
    assert found["values"] == {"count": 9, "shown": [{"key": "a.b", "before": "1", "after": None}]}
    assert found["text"] == {"removed": 1, "added": 0, "lines": ["-a"], "aligned": True}
    assert found["note"] == "cut"
