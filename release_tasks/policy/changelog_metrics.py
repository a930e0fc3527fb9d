"""The metrics of a release beside those of the last one, each number with its place in evidence (R17)."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.metric_diff import compare_benches, compare_quality
from release_tasks.policy.metric_judgement import measured_of
from release_tasks.policy.noise import worsening
from release_tasks.records.baseline import Baseline, baseline_from_json
from release_tasks.records.content import Content, Figure
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.records.release_difference import MetricDifference

BASELINE = "evidence/baseline.json"
METRICS = "evidence/metrics.json"
QUALITY = "evidence/quality.json"


@frozen
class MetricChange:
    """One metric: how it differs, both values, and between which shares the change lies, in per cent.

    A value is None where the metric was not there; `between` where its noise is not known.
    """

    difference: MetricDifference
    before: Figure | None
    after: Figure | None
    between: tuple[float, float] | None = None


def metric_changes(content: Content) -> Iterator[MetricChange]:
    """Yield every metric of either release, quality first, then by benchmark; none for a first release."""
    baseline = content.record(BASELINE).get("baseline")
    if not isinstance(baseline, dict):
        return
    contract = baseline.get("contract")
    rows = contract.get("quality") if isinstance(contract, dict) else None
    if isinstance(rows, list):
        yield from _quality(
            content, {str(row["name"]): row["value"] for row in rows if isinstance(row, dict)}
        )
    yield from _benches(content, baseline)


def _quality(content: Content, before: JSONObject) -> Iterator[MetricChange]:
    after = {name: value for name, value in content.record(QUALITY).items() if name != "schema_version"}
    for found in compare_quality(before, after):
        yield MetricChange(
            difference=found,
            before=content.figures.get(f"baseline.quality.{found.name}"),
            after=content.figures.get(f"quality.{found.name}"),
        )


def _benches(content: Content, baseline: JSONObject) -> Iterator[MetricChange]:
    now = content.record(METRICS)
    if not now:
        return
    old, new = baseline_from_json(baseline), baseline_from_json(now)
    medians = {
        (bench.name, metric.name): metric.median for bench in content.benches for metric in bench.metrics
    }
    for found in compare_benches(baseline, now):
        judged = found.judgement not in {"unlike", "added", "removed"}
        yield MetricChange(
            difference=found,
            before=content.figures.get(f"baseline.bench.{found.source}.{found.name}"),
            after=medians.get((found.source, found.name)),
            between=_between(old, new, found) if judged else None,
        )


def _between(old: Baseline, new: Baseline, found: MetricDifference) -> tuple[float, float] | None:
    """The interval of the change in per cent, its sign that of the value; None of a baseline of 0."""
    before, after = old.bench(found.source), new.bench(found.source)
    left = None if before is None else before.metric(found.name)
    right = None if after is None else after.metric(found.name)
    if left is None or right is None or not found.before:
        return None
    change = worsening(measured_of(left), measured_of(right), right.direction)
    if change is None:
        return None
    ends = (change.low, change.high) if right.direction == "lower" else (-change.high, -change.low)
    return ends[0] * 100 + 0.0, ends[1] * 100 + 0.0
