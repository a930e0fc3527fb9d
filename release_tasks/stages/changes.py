"""`changes`: what is new since the last release, by its commits and by what users rely on."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Write
from release_tasks.stages.baseline import BASELINE
from release_tasks.stages.dataset import STATISTICS
from release_tasks.stages.plan import Plan

COMMITS = "commits"
CONTRACT = "contract"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that lists commits and reads the contract.

    The artifacts are read for the contract, and so that a waiver can be bound to them.
    """
    release = plan.release
    metrics = tuple(
        (f"{bench.name}.{metric.name}", metric.unit, metric.direction)
        for bench in release.benchmarks
        for metric in bench.metrics
    )
    return (
        Step(
            verb="changes",
            run="release_tasks.stages.changes_action:look_at_changes",
            doc="Say what changed since the last release: its commits, and what users rely on.",
            args=(
                ("release", f"{release.name} {release.version.text} {release.scheme} {release.license}"),
                ("mode", run_mode(plan)),
                ("artifacts", repr(release.artifacts)),
                ("versioning", repr(release.versioning)),
                ("rewords", repr(release.rewords)),
                ("metrics", metrics),
            ),
            reads=(*plan.artifact_reads, BASELINE, *((STATISTICS,) if release.dataset else ())),
            writes=(
                Write(evidence_path(COMMITS), role="evidence"),
                Write(evidence_path(CONTRACT), role="evidence"),
            ),
            facts=("history",),
        ),
    )


def run_mode(plan: Plan) -> str:
    """What kind of run it is: only the version of a release or a patch must say how much changed."""
    if plan.mode.snapshot or plan.mode.experimental:
        return "snapshot" if plan.mode.snapshot else "experiment"
    return "patch" if plan.release.type == "patch" else "release"
