"""The table of thresholds; that a gate reads each of them is in test_decide (K3)."""

from __future__ import annotations

import math
import re

import pytest

from release_tasks.policy.thresholds import THRESHOLDS


@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_threshold_says_what_it_limits_and_on_which_side(name: str) -> None:
    threshold = THRESHOLDS[name]
    assert re.fullmatch(r"(max|min)_[a-z0-9_]+", name)
    assert re.search(r"inclusive|exclusive", threshold.doc)
    assert threshold.default is None or (math.isfinite(threshold.default) and threshold.default >= 0)


def test_the_defaults_of_a_dataset_release() -> None:
    """K3: max_file_size_mb 50, min_validation_rate 0.95, max_duplicate_rate 0.02 (<)."""
    names = ("max_file_size_mb", "min_validation_rate", "max_duplicate_rate")
    assert [THRESHOLDS[name].default for name in names] == [50, 0.95, 0.02]
    assert "exclusive" in THRESHOLDS["max_duplicate_rate"].doc
