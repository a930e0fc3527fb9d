from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.records.sample_statistics import median_stderr, summarise

SAMPLES = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30)


@given(samples=SAMPLES)
def test_statistics_lie_within_their_samples(samples: list[float]) -> None:
    found = summarise(samples)
    assert found.min <= found.median <= found.p95 <= found.max
    assert found.stddev >= 0


@given(samples=st.lists(st.floats(0.001, 1e6), min_size=2, max_size=30))
def test_statistics_are_those_of_numpy(samples: list[float]) -> None:
    """Hyndman and Fan's definition 7 is numpy's default; stddev has n - 1 in the denominator."""
    found = summarise(samples)
    assert found.median == pytest.approx(np.median(samples), rel=1e-12)
    assert found.p95 == pytest.approx(np.percentile(samples, 95), rel=1e-12)
    assert found.stddev == pytest.approx(np.std(samples, ddof=1), rel=1e-9, abs=1e-9)
    assert (found.min, found.max) == (min(samples), max(samples))


def test_known_values() -> None:
    found = summarise([4.0, 1.0, 3.0, 2.0])
    assert (found.median, found.p95, found.min, found.max) == (2.5, pytest.approx(3.85), 1.0, 4.0)
    assert found.stddev == pytest.approx((5 / 3) ** 0.5)
    assert summarise([7.0]).stddev == 0.0


def test_no_sample_has_no_statistics() -> None:
    with pytest.raises(ValueError, match="no sample"):
        summarise([])


def test_error_of_a_median_needs_two_samples() -> None:
    assert median_stderr(2.7, 4) == pytest.approx(1.25)
    assert median_stderr(2.7, 1) is None
