"""`regression`: what was measured, beside what the last release measured."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Argument, Step, Write
from release_tasks.stages.baseline import BASELINE
from release_tasks.stages.benchmarks import record_of
from release_tasks.stages.plan import Plan

METRICS = f"{RECORDS}/metrics.json"  # what the next release will be compared with
RECORD = "regression"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that compares; none without benchmarks.

    The artifacts are read so that a waiver can be bound to them.
    """
    benches = plan.release.benchmarks
    if not benches:
        return ()
    wanted: tuple[Argument, ...] = tuple(
        (bench.name, metric.name, metric.target, metric.max_regression)
        for bench in benches
        for metric in bench.metrics
    )
    artifacts = sorted({bench.artifact for bench in benches if bench.artifact})
    return (
        Step(
            verb="regression",
            run="release_tasks.stages.regression_action:compare_measurements",
            doc="Put what was measured beside the baseline of the last release.",
            args=(("name", plan.release.name), ("version", plan.release.version.text), ("wanted", wanted)),
            reads=(
                *(evidence_path(record_of(bench)) for bench in benches),
                *artifacts,
                BASELINE,
            ),
            writes=(
                Write(evidence_path(RECORD), role="evidence"),
                Write(METRICS, role="metrics"),
            ),
        ),
    )
