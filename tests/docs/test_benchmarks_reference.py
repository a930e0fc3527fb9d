"""docs/reference/benchmarks.md says what the code says: numbers, names, and findings as they are printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from release_tasks.policy.bench_gates import BENCH_GATES, STANDARD_METRICS
from release_tasks.policy.noise import LEAST_SAMPLES, LEVEL, MOST_SAMPLES, RESAMPLES
from release_tasks.policy.regression import compare
from release_tasks.records.baseline import baseline_of
from release_tasks.records.verdict import Finding
from tests.fakes.bench_evidence import SPEED, metric, regression, with_metrics

_TEXT = (Path(__file__).parents[2] / "docs/reference/benchmarks.md").read_text("utf-8")
TIMES = [0.0200, 0.0201, 0.0199, 0.0202, 0.0198, 0.0200]  # as in tests/blackbox/test_630_benchmarks.py


def bench(scale: float) -> dict[str, Any]:
    times = [round(time * scale, 6) for time in TIMES]
    return with_metrics(SPEED, metric("token_s", times, unit="s"))


def line(finding: Finding) -> str:
    return f"{finding.code} {finding.subject}: wanted {finding.wanted}, found {finding.found}"


@pytest.mark.parametrize(("threshold", "name"), STANDARD_METRICS.items())
def test_every_threshold_has_its_metric(threshold: str, name: str) -> None:
    assert f"| `{threshold}` | `{name}` |" in _TEXT


@pytest.mark.parametrize(
    "text",
    [
        f"the {LEVEL * 100:.0f} % percentile interval",
        f"{RESAMPLES:,} resamples",
        f"Of more than {MOST_SAMPLES} samples",
        f"Fewer than {LEAST_SAMPLES} samples",
        *(f"`{gate.name}`" for gate in BENCH_GATES),
    ],
)
def test_the_numbers_are_those_of_the_code(text: str) -> None:
    assert text in _TEXT


def test_the_findings_are_those_that_are_printed() -> None:
    (worse,) = compare(baseline_of("1.0.0", [bench(1)]), baseline_of("1.1.0", [bench(1.15)]), lambda *_: 0.05)
    assert f"\n{line(worse)}\n" in _TEXT
    rules: Any = type("Rules", (), {"limits": dict.fromkeys(STANDARD_METRICS)})
    wanted = [{"bench": "speed", "metric": "token_s", "target": 0.05, "max_regression": None}]
    (missed,) = BENCH_GATES[1].check(regression([], [bench(3)], wanted=wanted), rules)
    assert f"\n{line(missed)}\n" in _TEXT
