from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.rank_correlation import TOLERANCE, kendall_tau_b, tie_groups

# Made by make_cases.py beside it, with the scipy that the file names.
TABLE = json.loads((Path(__file__).parents[1] / "cases/kendall/cases.json").read_bytes())
LOGITS = st.floats(-1e3, 1e3)
PAIRS = st.lists(st.tuples(LOGITS, LOGITS), max_size=14)


@pytest.mark.parametrize("kind", ["plain", "ties", "near"])
def test_agrees_with_scipy(kind: str) -> None:
    """B6: to 1e-12; where scipy has no answer, because one side is all tied, ours is 0.0."""
    cases: list[dict[str, Any]] = [case for case in TABLE["cases"] if case["kind"] == kind]
    assert len(cases) > 50
    for case in cases:
        wanted = 0.0 if case["tau"] is None else case["tau"]
        assert kendall_tau_b(case["first"], case["second"]) == pytest.approx(wanted, abs=1e-12, rel=0)


def test_table_has_cases_that_scipy_cannot_answer() -> None:
    assert sum(case["tau"] is None for case in TABLE["cases"]) > 10


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        ([], ()),
        ([3.0], (0,)),
        ([3.0, 1.0, 2.0], (2, 0, 1)),
        ([0.0, 1e-6], (0, 0)),  # inclusive
        ([0.0, 1.0000001e-6], (0, 1)),
        ([2e-6, 0.0, 1e-6], (0, 0, 0)),  # a chain of neighbours is one group
        ([5.0, 5.0, -5.0], (1, 1, 0)),
    ],
)
def test_groups_of_ties(values: list[float], ranks: tuple[int, ...]) -> None:
    assert tie_groups(values) == ranks


@given(st.lists(st.floats(0, 1e-5), max_size=12))
def test_every_two_values_within_the_tolerance_are_tied(values: list[float]) -> None:
    ranks = tie_groups(values)
    for (a, rank_a), (b, rank_b) in combinations(zip(values, ranks, strict=True), 2):
        if abs(a - b) <= TOLERANCE:
            assert rank_a == rank_b
        else:
            assert rank_a == rank_b or (rank_a < rank_b) == (a < b)


@given(PAIRS)
def test_is_tau_b_by_its_definition(pairs: list[tuple[float, float]]) -> None:
    """Kendall 1945, pair by pair, on the groups."""
    first, second = [x for x, _ in pairs], [y for _, y in pairs]
    ranks = list(zip(tie_groups(first), tie_groups(second), strict=True))
    signs = [
        ((a[0] > b[0]) - (a[0] < b[0]), (a[1] > b[1]) - (a[1] < b[1])) for a, b in combinations(ranks, 2)
    ]
    excess = sum(x * y for x, y in signs)
    norm = math.sqrt(sum(x * x for x, _ in signs) * sum(y * y for _, y in signs))
    wanted = excess / norm if norm else 0.0
    found = kendall_tau_b(first, second)
    assert found == pytest.approx(wanted, abs=1e-12)
    assert -1 <= found <= 1
    assert kendall_tau_b(second, first) == found


@given(st.lists(LOGITS, max_size=10))
def test_all_tied_gives_zero_and_no_nan(values: list[float]) -> None:
    """B6: all-tied input gives 0.0, not NaN."""
    assert kendall_tau_b(values, [1.0] * len(values)) == 0.0
    assert kendall_tau_b([1.0] * len(values), values) == 0.0


def test_perfect_agreement_and_reversal() -> None:
    values = [float(n) for n in range(10)]
    assert kendall_tau_b(values, values) == 1.0
    assert kendall_tau_b(values, values[::-1]) == -1.0


def test_lists_of_different_lengths_are_a_bug() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        kendall_tau_b([1.0, 2.0], [1.0])
