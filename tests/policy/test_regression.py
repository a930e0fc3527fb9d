from __future__ import annotations

from typing import Any

import pytest

from release_tasks.policy.regression import compare
from release_tasks.records.baseline import baseline_of
from release_tasks.records.verdict import Finding
from tests.fakes.bench_evidence import MACHINE, QUALITY, SAMPLES, SPEED, latency, metric, with_metrics


def compared(then: list[Any], now: list[Any], limit: float = 0.05) -> list[tuple[str, str, str, str]]:
    found: list[Finding] = list(
        compare(baseline_of("1.0.0", then), baseline_of("1.1.0", now), lambda _bench, _figure: limit)
    )
    return [(str(one.code), one.subject, one.wanted, one.found) for one in found]


def quality(value: float, **changed: Any) -> dict[str, Any]:
    row = metric("pass_at_1", [value], **{"exact": True, "unit": "1", "direction": "higher", **changed})
    return with_metrics(QUALITY, row)


def test_a_regression_is_told_with_its_numbers() -> None:
    """R12: more than 5 % worse blocks."""
    worse = latency(*[sample * 1.2 for sample in SAMPLES])
    assert compared([SPEED], [worse]) == [
        (
            "REGRESSION",
            "speed.latency_ms_per_token",
            "at most 5 % worse than 10 ms, between 9.925 and 10.075 ms",
            "12 ms, between 11.91 and 12.09 ms: 20 % worse, between 18.81 and 21.2",
        )
    ]


@pytest.mark.parametrize(
    ("then", "now", "codes"),
    [
        (0.8, 0.76, []),  # 5 % exactly: inclusive
        (0.8, 0.759, ["REGRESSION"]),
        (0.8, 0.9, []),
        (0.0, 0.0, []),
        (0.0, -0.04, []),  # a baseline of 0: the difference itself
        (0.0, -0.06, ["REGRESSION"]),
        (-1.0, -1.04, []),
        (-1.0, -1.06, ["REGRESSION"]),
    ],
)
def test_higher_is_better(then: float, now: float, codes: list[str]) -> None:
    assert [code for code, *_ in compared([quality(then)], [quality(now)])] == codes


def test_what_was_zero_is_told_in_its_unit() -> None:
    errors = {"exact": True, "unit": "errors"}
    then, now = (with_metrics(SPEED, metric("failures", [count], **errors)) for count in (0.0, 3.0))
    assert compared([then], [now]) == [
        (
            "REGRESSION",
            "speed.failures",
            "at most 0.05 errors worse than 0 errors",
            "3 errors: 3 errors worse, between 3 and 3",
        )
    ]


def test_noise_that_spans_the_limit_is_undecided() -> None:
    """R12: neither regressed nor not; a hard gate treats it as failure."""
    near = latency(10.2, 10.8, 10.4, 10.6, 10.45, 10.55)
    ((code, _, _, found),) = compared([SPEED], [near])
    assert (code, found) == (
        "REGRESSION_UNDECIDED",
        "10.5 ms, between 10.3 and 10.7 ms: 5 % worse, between 3 and 7",
    )
    ((code, _, _, found),) = compared([SPEED], [latency(10.0)])
    assert (code, found) == (
        "REGRESSION_UNDECIDED",
        "1 sample, where 5 are the least: too few samples to compare",
    )


def test_a_standard_error_feeds_the_noise() -> None:
    """Formats.md: the stderr of lm-evaluation-harness."""
    exact = quality(0.70)
    for stderr, code in ((0.001, "REGRESSION"), (0.03, "REGRESSION_UNDECIDED")):
        noisy = quality(0.64, stderr=stderr)
        assert [found[0] for found in compared([exact], [noisy])] == [code]


def test_a_metric_that_is_gone_fails_and_a_new_one_is_reported() -> None:
    """R12: missing now is a failure, whether the metric or its whole bench is gone."""
    assert compared([SPEED, QUALITY], [quality(0.7)]) == [
        (
            "BENCH_METRIC_MISSING",
            "speed.latency_ms_per_token",
            "a measured value, as 1.0.0 has it",
            "not measured any more",
        )
    ]
    other = with_metrics(QUALITY, metric("pass_at_10", [0.7], exact=True))
    assert [found[:2] for found in compared([QUALITY], [other])] == [
        ("BENCH_METRIC_MISSING", "quality.pass_at_1"),
        ("METRIC_NEW", "quality.pass_at_10"),
    ]


def test_another_machine_is_no_comparison_for_timings_and_none_the_worse_for_exact_metrics() -> None:
    """Formats.md: refuse unlike comparisons."""
    elsewhere = [{"name": "cpu", "value": "New 386"}, MACHINE[1]]
    assert compared(
        [SPEED, QUALITY], [{**SPEED, "machine": elsewhere}, {**QUALITY, "machine": elsewhere}]
    ) == [("BASELINE_UNLIKE", "bench speed: machine", "cpu = Old 8086", "cpu = New 386")]
    worse = {**quality(0.5), "machine": elsewhere}
    assert [code for code, *_ in compared([QUALITY], [worse])] == ["REGRESSION"]


def test_other_settings_are_no_comparison_at_all() -> None:
    """Formats.md: compare only equal versions, n-shot and task_hashes."""
    then = {**QUALITY, "settings": [{"name": "n-shot/sums", "value": "0"}, {"name": "seed", "value": "1"}]}
    now = {
        **quality(0.1),
        "settings": [{"name": "n-shot/sums", "value": "5"}, {"name": "seed", "value": "1"}],
    }
    assert compared([then], [now]) == [
        ("BASELINE_UNLIKE", "bench quality: settings", "n-shot/sums = 0", "n-shot/sums = 5")
    ]
    assert compared([then], [{**then, "settings": []}])[0][2:] == ("n-shot/sums = 0, seed = 1", "nothing")


@pytest.mark.parametrize(
    ("changed", "wanted", "found"),
    [
        ({"unit": "%"}, "unit = 1", "unit = %"),
        ({"direction": "lower"}, "direction = higher", "direction = lower"),
        ({"exact": False}, "exact = true", "exact = false"),
    ],
)
def test_a_metric_declared_otherwise_is_another_metric(changed: Any, wanted: str, found: str) -> None:
    assert compared([quality(0.7)], [quality(0.7, **changed)]) == [
        ("BASELINE_UNLIKE", "quality.pass_at_1", wanted, found)
    ]
