from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.policy.record_weights import effective_size_ratio, heaviest_share

WEIGHTS = st.lists(st.floats(0, 1e300), min_size=1, max_size=300)


def test_kish_by_hand() -> None:
    """(1 + 1 + 4)² / (3 · (1 + 1 + 16)) = 36 / 54."""
    assert effective_size_ratio([1, 1, 4]) == pytest.approx(36 / 54)
    assert effective_size_ratio([0, 0, 5, 0]) == 0.25
    assert effective_size_ratio([]) == effective_size_ratio([0, 0]) == heaviest_share([]) == 0.0


@pytest.mark.parametrize("count", [1, 7, 99, 100, 101, 1000])
def test_equal_weights_are_all_effective_and_not_concentrated(count: int) -> None:
    assert effective_size_ratio([2.5] * count) == pytest.approx(1)
    assert heaviest_share([2.5] * count) == pytest.approx(0.01)


def test_the_heaviest_hundredth_by_hand() -> None:
    assert heaviest_share([99.0] + [1.0] * 99) == 0.5
    assert heaviest_share([50.0] + [1.0] * 50) == pytest.approx(50 * 0.51 / 100)
    assert heaviest_share([10.0, *[1.0] * 149]) == pytest.approx((10 + 0.5) / 159)


@settings(deadline=None)
@given(WEIGHTS)
def test_both_are_shares_whatever_the_scale(weights: list[float]) -> None:
    for measure in (effective_size_ratio, heaviest_share):
        assert 0 <= measure(weights) <= 1
        assert math.isclose(measure(weights), measure(weights[::-1]))
