"""`baseline`: what the last release left behind, for everything that is compared with it."""

from __future__ import annotations

from release_tasks.records.baseline import BASELINES
from release_tasks.records.step import RECORDS, Step, Tree, Write
from release_tasks.stages.plan import Plan

BASELINE = f"{RECORDS}/baseline.json"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that finds the committed baseline."""
    return (
        Step(
            verb="baseline",
            run="release_tasks.stages.baseline_action:find_baseline",
            doc="Find the committed baseline of the last release.",
            args=(("name", plan.release.name), ("version", plan.release.version.text)),
            reads=(Tree((f"{BASELINES}/*.json",), optional=True),),
            writes=(Write(BASELINE, role="baseline"),),
            facts=("baseline",),
        ),
    )
