"""Metrics of two releases: which are better, which worse, and by how much, beyond their noise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from release_tasks.policy.bench_shape import baseline_misfits
from release_tasks.policy.metric_judgement import measured_of
from release_tasks.policy.noise import worsening
from release_tasks.records.baseline import Baseline, BenchFigures, Figure, baseline_from_json
from release_tasks.records.json_value import JSON
from release_tasks.records.release_difference import Judgement, MetricDifference

QUALITY = "quality.json"  # the file; a benchmark may be named quality


def compare_quality(before: JSON, after: JSON) -> Iterator[MetricDifference]:
    """Compare two `metrics_summary` of metadata.json: plain numbers without direction, unit or noise."""
    old, new = ({} if not isinstance(side, dict) else side for side in (before, after))
    for name in sorted(old.keys() | new.keys()):
        left, right = _number(old.get(name)), _number(new.get(name))
        if left is not None or right is not None:
            yield MetricDifference(
                source=QUALITY,
                name=name,
                unit=None,
                direction=None,
                before=left,
                after=right,
                relative=_relative(left, right),
                judgement=_presence(left, right) or ("same" if left == right else "changed"),
            )


def compare_benches(before: JSON, after: JSON) -> Iterator[MetricDifference]:
    """Compare two evidence/metrics.json; one that is missing, or of another shape, has no metrics."""
    old, new = _baseline(before), _baseline(after)
    names = {bench.name for side in (old, new) for bench in side.benches}
    for name in sorted(names):
        yield from _bench(name, old.bench(name), new.bench(name))


def _baseline(value: JSON) -> Baseline:
    sound = isinstance(value, dict) and not any(baseline_misfits(value))
    return (
        baseline_from_json(value) if isinstance(value, dict) and sound else Baseline(version="", benches=())
    )


def _bench(name: str, old: BenchFigures | None, new: BenchFigures | None) -> Iterator[MetricDifference]:
    metrics = {figure.name for bench in (old, new) if bench is not None for figure in bench.metrics}
    for metric in sorted(metrics):
        left = None if old is None else old.metric(metric)
        right = None if new is None else new.metric(metric)
        one = right or left
        if one is None:
            raise AssertionError("BUG: a metric is on one side at least")
        before, after = (None if side is None else median(side.samples) for side in (left, right))
        judgement: Judgement = _presence(before, after) or "unlike"
        if left is not None and right is not None and _alike(old, new, left, right):
            judgement = _judged(left, right)
        yield MetricDifference(
            source=name,
            name=metric,
            unit=one.unit,
            direction=one.direction,
            before=before,
            after=after,
            relative=_relative(before, after),
            judgement=judgement,
        )


def _alike(old: BenchFigures | None, new: BenchFigures | None, left: Figure, right: Figure) -> bool:
    """Whether both were measured the same way; where counts only for what has noise."""
    if old is None or new is None or old.settings != new.settings:
        return False
    same_kind = (left.unit, left.direction, left.exact) == (right.unit, right.direction, right.exact)
    return same_kind and (left.exact or old.machine == new.machine)


def _judged(left: Figure, right: Figure) -> Judgement:
    change = worsening(measured_of(left), measured_of(right), right.direction)
    if change is None:
        return "same" if left.samples == right.samples else "undecided"
    if change.low > 0:
        return "worse"
    return "better" if change.high < 0 else "same"


def _presence(before: float | None, after: float | None) -> Judgement | None:
    if before is None:
        return "added"
    return "removed" if after is None else None


def _relative(before: float | None, after: float | None) -> float | None:
    if before is None or after is None or before == 0:
        return None
    change = (after - before) / abs(before)
    return change if math.isfinite(change) else None


def _number(value: JSON) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
