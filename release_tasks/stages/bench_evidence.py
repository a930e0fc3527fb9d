"""The evidence of one benchmark from the reports of its runs; pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from release_tasks.config.schema import Benchmark, Metric
from release_tasks.errors import FormatError
from release_tasks.policy.bench_shape import ENDED_WELL
from release_tasks.policy.noise import Measured, interval, thinned
from release_tasks.records.baseline import facts_json
from release_tasks.records.benchmark_report import Facts, Report, Sampled
from release_tasks.records.digest import Digest
from release_tasks.records.json_value import JSON, JSONObject


def bench_evidence(
    bench: Benchmark, reports: Sequence[Report], *, artifact: Digest | None, imported: JSON
) -> JSONObject:
    """What the reports of a benchmark's runs say of its declared metrics; no report at all says nothing.

    `artifact` is the digest of the declared model file as it is now. Raises FormatError when the runs
    disagree on where or how they were made.
    """
    hashes = sorted({report.model_hash for report in reports if report.model_hash is not None})
    other = [found for found in hashes if found != str(artifact)]
    return {
        "name": bench.name,
        "format": bench.format,
        "mock": any(report.mock for report in reports),
        "ended": ENDED_WELL,
        "problem": None,
        "machine": facts_json(_same(bench, "machine", [report.machine for report in reports])),
        "settings": facts_json(_same(bench, "settings", [report.settings for report in reports])),
        "model_hash": next(iter((*other, *hashes)), None),
        "artifact": None if artifact is None else {"path": bench.artifact, "sha256": str(artifact)},
        "imported": imported,
        "metrics": [
            _metric(metric, [_find(report, metric) for report in reports]) for metric in bench.metrics
        ],
    }


def _same(bench: Benchmark, what: str, found: Sequence[Facts]) -> Facts:
    """What every run states alike; runs that differ are not runs of one thing."""
    for facts in found[1:]:
        if facts != found[0]:
            odd = sorted(set(facts) ^ set(found[0]))
            raise FormatError(
                f"the runs of bench {bench.name} say different things of their {what}",
                wanted=f"the same {what} in every report",
                found=", ".join(f"{name} = {value}" for name, value in odd)[:500],
                where=f".release/logs/bench-{bench.name}.log",
                hint="leave out of the report what changes from run to run",
            )
    return found[0] if found else ()


def _find(report: Report, metric: Metric) -> Sampled | None:
    name = metric.source or metric.name
    return next((sampled for sampled in report.metrics if sampled.name == name), None)


def _metric(metric: Metric, runs: Sequence[Sampled | None]) -> JSON:
    """One metric of all runs: the samples of the only run, else the median of each; none if one lacks it."""
    found = [sampled for sampled in runs if sampled is not None]
    samples: tuple[float, ...] = ()
    stderr = None
    if len(found) == len(runs) == 1:
        samples, stderr = thinned(found[0].samples), found[0].stderr
    elif len(found) == len(runs):
        samples = tuple(median(sampled.samples) for sampled in found)
    spread = interval(Measured(samples=samples, stderr=stderr, exact=metric.exact)) if samples else None
    return {
        "name": metric.name,
        "unit": metric.unit,
        "direction": metric.direction,
        "exact": metric.exact,
        "samples": list[JSON](samples),
        "stderr": stderr,
        "median": None if spread is None else spread.median,
        "low": None if spread is None else spread.low,
        "high": None if spread is None else spread.high,
        "reported_unit": next((sampled.unit for sampled in found if sampled.unit is not None), None),
        "reported_direction": next((item.direction for item in found if item.direction is not None), None),
    }
