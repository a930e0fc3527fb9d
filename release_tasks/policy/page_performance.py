"""The performance section of the page: what this release measured, beside what earlier ones did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from release_tasks.policy.content_figures import shown_number
from release_tasks.policy.metric_judgement import amount, measured_of
from release_tasks.policy.noise import interval
from release_tasks.records.baseline import Baseline, Figure
from release_tasks.records.chart import Chart, Mark, Series
from release_tasks.records.content import BenchContent, Content, Measurement
from release_tasks.records.json_value import JSON

REGRESSION = "evidence/regression.json"
_Metric = tuple[str, str, str]  # title, unit, direction: what may share a chart


def performance_charts(content: Content, past: Sequence[Baseline]) -> tuple[Chart, ...]:
    """One chart for each metric over all benchmarks, one for the shares of each; `past` goes by version."""
    targets = _targets(content.record(REGRESSION))
    groups: dict[_Metric, list[tuple[BenchContent, Measurement]]] = {}
    for bench in content.benches:
        for metric in bench.metrics:
            groups.setdefault(_group(bench, metric), []).append((bench, metric))
    ordered = sorted(groups, key=lambda group: (group[1] != "1", group))
    version = str(content.metadata.get("version", "this release"))
    return tuple(
        _finished(_chart(group, groups[group], past, targets), index, version, past)
        for index, group in enumerate(ordered, 1)
    )


def _group(bench: BenchContent, metric: Measurement) -> _Metric:
    """Shares of one benchmark belong together; anything else with its like of other benchmarks."""
    return bench.name if metric.unit == "1" else metric.name, metric.unit, metric.direction


def _targets(regression: Mapping[str, JSON]) -> dict[tuple[str, str], float]:
    data = regression.get("data")
    wanted = data.get("wanted") if isinstance(data, dict) else None
    found = {}
    for row in wanted if isinstance(wanted, list) else ():
        match row:
            case {"bench": str() as bench, "metric": str() as metric, "target": int() | float() as target}:
                found[bench, metric] = float(target)
            case _:
                continue  # measured without a target
    return found


def _chart(
    group: _Metric,
    measured: Sequence[tuple[BenchContent, Measurement]],
    past: Sequence[Baseline],
    targets: Mapping[tuple[str, str], float],
) -> Chart:
    title, unit, direction = group
    series = tuple(
        Series(
            metric.name if unit == "1" else bench.name,
            (*(_past_mark(baseline, bench.name, metric) for baseline in past), _mark(metric)),
            targets.get((bench.name, metric.name)),
        )
        for bench, metric in measured
    )
    return Chart(
        key="",
        kind="trend" if past else "interval",
        title=title,
        description="",
        categories=(),
        series=series,
        unit="" if unit == "1" else unit,
        axis="release",
        better=direction,
    )


def _mark(metric: Measurement) -> Mark:
    if metric.low is None or metric.high is None:
        return Mark(metric.median.value)
    return Mark(metric.median.value, metric.low.value, metric.high.value)


def _past_mark(baseline: Baseline, bench: str, metric: Measurement) -> Mark | None:
    """What an earlier release measured, None where it measured nothing that may be compared."""
    found = baseline.bench(bench)
    figure = None if found is None else found.metric(metric.name)
    if figure is None or (figure.unit, figure.direction) != (metric.unit, metric.direction):
        return None
    return _measured(figure)


def _measured(figure: Figure) -> Mark:
    known = interval(measured_of(figure))
    if known is None:
        return Mark(figure.samples[0])
    return Mark(known.median, known.low, known.high)


def _finished(chart: Chart, index: int, version: str, past: Sequence[Baseline]) -> Chart:
    """Name the chart and say in words what is seen in it."""
    unit = chart.unit or "1"
    values = ", ".join(
        f"{series.name} {amount(mark.value, unit)}" for series in chart.series if (mark := series.marks[-1])
    )
    before = f", after {len(past)} earlier release{'s' if len(past) != 1 else ''}" if past else ""
    return Chart(
        key=f"performance-{index}",
        kind=chart.kind,
        title=chart.title,
        description=f"{chart.title} in {version}{before}: {values}. {chart.better.capitalize()} is better.",
        categories=(*(baseline.version for baseline in past), version),
        series=chart.series,
        unit=chart.unit,
        axis=chart.axis,
        better=chart.better,
    )


def target_words(series: Series, chart: Chart) -> str:
    """The target of a series in words, empty where it has none."""
    if series.limit is None:
        return ""
    sign = "≤" if chart.better == "lower" else "≥"
    return f"{sign} {shown_number(series.limit)}"
