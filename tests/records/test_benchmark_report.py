from __future__ import annotations

import pytest

from release_tasks.errors import FormatError
from release_tasks.records.benchmark_report import Sampled, by_name


def test_metrics_are_sorted_by_name() -> None:
    one, other = Sampled(name="b", samples=(1.0,)), Sampled(name="a", samples=(2.0,))
    assert by_name([one, other], "f.json") == (other, one)


def test_a_report_without_a_value_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        by_name([], "f.json")
    assert str(caught.value) == ("the report has no measured value\n  wanted: at least one\n  where:  f.json")


def test_two_metrics_of_one_name_are_refused() -> None:
    twin = Sampled(name="a", samples=(1.0,))
    with pytest.raises(FormatError) as caught:
        by_name([twin, Sampled(name="b", samples=(1.0,)), twin], "f.json")
    assert str(caught.value) == (
        "the report has a metric twice\n  wanted: every name once\n  found:  'a'\n  where:  f.json"
    )
