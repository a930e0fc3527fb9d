from __future__ import annotations

from dataclasses import replace

from release_tasks.policy.tensor_table import markdown_tensors, plain_tensors
from release_tasks.records.difference import TensorDifference

CHANGED = TensorDifference(
    name="w",
    kind="changed",
    dtype_before="F32",
    dtype_after="F32",
    shape_before=(2, 3),
    shape_after=(2, 3),
    elements=6,
    differing=2,
    max_abs=0.25,
    max_ulp=3,
    first_index=(0, 1),
)
ADDED = replace(
    CHANGED, name="n\x07", kind="added", dtype_before=None, shape_before=None, shape_after=(), elements=1,
    differing=None, max_abs=None, max_ulp=None, first_index=None,
)  # fmt: skip
RETYPED = replace(
    ADDED,
    name="r",
    kind="retyped",
    dtype_before="F32",
    dtype_after="BF16",
    shape_before=(6,),
    shape_after=(6,),
)
RESHAPED = replace(
    ADDED, name="s", kind="reshaped", dtype_before="F32", shape_before=(6,), shape_after=(3, 2)
)
WITH_NAN = replace(CHANGED, name="nan", nan=1, max_abs=None, max_ulp=None)
BLOCKS = replace(
    CHANGED,
    name="q",
    unit="block",
    dtype_before="Q8_0",
    dtype_after="Q8_0",
    max_ulp=None,
    max_abs=float("inf"),
)
INTEGER = replace(CHANGED, name="i", max_ulp=None, max_abs=2**60)


def test_every_kind_in_markdown() -> None:
    assert markdown_tensors([ADDED, CHANGED, RETYPED, RESHAPED, WITH_NAN, BLOCKS, INTEGER]) == [
        "| tensor | change | dtype | shape | differing | max abs | max ULP | first at |",
        "|---|---|---|---|---|---|---|---|",
        r"| `n\x07` | added | F32 | scalar |  |  |  |  |",
        "| `w` | changed | F32 | 2x3 | 2 of 6 | 0.25 | 3 | [0, 1] |",
        "| `r` | retyped | F32 → BF16 | 6 |  |  |  |  |",
        "| `s` | reshaped | F32 | 6 → 3x2 |  |  |  |  |",
        "| `nan` | changed | F32 | 2x3 | 2 of 6 | NaN (1) | NaN (1) | [0, 1] |",
        "| `q` | changed | Q8_0 | 2x3 | 2 of 6 blocks | inf | — | [0, 1] |",
        "| `i` | changed | F32 | 2x3 | 2 of 6 | 1152921504606846976 | — | [0, 1] |",
    ]


def test_the_same_for_a_terminal_bounded_with_the_exact_count() -> None:
    assert plain_tensors([CHANGED] * 3, shown=1) == [
        "  tensor  change   dtype  shape  differing  max abs  max ULP  first at",
        "  w       changed  F32    2x3    2 of 6     0.25     3        [0, 1]",
        "  and 2 more of 3; --json has all",
    ]
    assert markdown_tensors([CHANGED] * 3, shown=2)[-2:] == ["", "and 1 more of 3; --json has all"]
