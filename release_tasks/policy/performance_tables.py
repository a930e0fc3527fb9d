"""Benchmarks side by side: formats of one model, and this release against the last; positive = better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release_tasks.policy.content import BASELINE
from release_tasks.policy.traces import traced, traced_change
from release_tasks.records.baseline import BenchFigures, baseline_from_json
from release_tasks.records.content import BenchContent, Content, Figure, Measurement
from release_tasks.records.frozen_record import frozen

_REFERENCE = "safetensors"  # the format that every other one is compared with


@frozen
class SideBySide:
    """Benchmarks that measured the same metrics in the same way on several files, the reference first."""

    benches: tuple[BenchContent, ...]

    @property
    def head(self) -> tuple[str, ...]:
        """The files, by the names of their columns."""
        return tuple(bench.artifact or bench.name for bench in self.benches)

    def rows(self) -> Iterator[tuple[Measurement, tuple[str, ...]]]:
        """Yield each metric with its cells: the reference, then value and change of every other file."""
        first, *others = self.benches
        for index, metric in enumerate(first.metrics):
            cells = [traced(metric.median)]
            for other in others:
                there = other.metrics[index]
                change = change_text(metric.median, there.median)
                cells += [
                    traced(there.median),
                    traced_change(change, there.median, metric.median),
                ]
            yield metric, tuple(cells)


def change_text(then: Figure, now: Figure) -> str:
    """How much better `now` is, in per cent of `then`, or in its unit when that is 0; negative is worse."""
    gain = now.value - then.value if now.direction == "higher" else then.value - now.value
    if then.value == 0:
        return f"{gain:+.4g} {now.unit or ''}".rstrip() if gain else "±0"
    share = f"{100 * gain / abs(then.value):+.1f}"
    return "±0 %" if float(share) == 0 else f"{share} %"


def side_by_side(benches: Sequence[BenchContent]) -> tuple[SideBySide, ...]:
    """Group the benchmarks that can be compared: same metrics, settings but for the format, and machine."""
    groups: dict[object, list[BenchContent]] = {}
    for bench in benches:
        kinds = tuple((metric.name, metric.unit, metric.direction) for metric in bench.metrics)
        settings = tuple(item for item in bench.settings if item[0] != "format")
        groups.setdefault((kinds, settings, bench.machine), []).append(bench)
    return tuple(
        SideBySide(benches=tuple(sorted(group, key=lambda bench: bench.setting("format") != _REFERENCE)))
        for group in groups.values()
        if len(group) > 1
    )


@frozen
class Against:
    """One metric against the last release: value and change in Markdown, or why they are not compared."""

    bench: str
    metric: Measurement
    then: str
    change: str


def last_version(content: Content) -> str | None:
    """The version of the baseline, None when there is nothing to compare with."""
    found = content.record(BASELINE).get("baseline")
    return str(found["version"]) if isinstance(found, dict) else None


def against_baseline(content: Content) -> tuple[Against, ...]:
    """Compare every metric with the baseline in evidence/baseline.json, where like meets like."""
    record = content.record(BASELINE).get("baseline")
    if not isinstance(record, dict):
        return ()
    baseline = baseline_from_json(record)
    return tuple(
        _against(bench, metric, baseline.bench(bench.name), content)
        for bench in content.benches
        for metric in bench.metrics
    )


def _against(bench: BenchContent, metric: Measurement, old: BenchFigures | None, content: Content) -> Against:
    then = content.figures.get(f"baseline.bench.{bench.name}.{metric.name}")
    if old is None or then is None:
        return Against(bench=bench.name, metric=metric, then="—", change="new")
    alike = {
        "settings": tuple(sorted(bench.settings)) == old.settings,
        "machine": metric.exact or tuple(sorted(bench.machine)) == old.machine,
        "unit": (then.unit, then.direction) == (metric.median.unit, metric.direction),
    }
    unlike = " and ".join(what for what, same in alike.items() if not same)
    change = traced_change(change_text(then, metric.median), metric.median, then)
    return Against(
        bench=bench.name,
        metric=metric,
        then=traced(then),
        change=f"not compared: other {unlike}" if unlike else change,
    )
