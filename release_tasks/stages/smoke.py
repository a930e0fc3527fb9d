"""`smoke`: does the model load, generate, and give a sample that passes its check."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Write
from release_tasks.stages.plan import Plan, as_reads


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the smoke run over what is released, laid out so; a model is loaded even without a command."""
    smoke = plan.release.smoke
    if smoke is None and not plan.release.artifacts.model:
        return ()
    own = as_reads(smoke.reads) if smoke else ()
    return (
        Step(
            verb="smoke",
            run="release_tasks.stages.smoke_action:smoke_artifacts",
            doc="Load the model, generate a sample and check it."
            if plan.release.artifacts.model
            else "Try what is released and check what it says.",
            args=(("command", smoke.command if smoke else ("python",)), ("smoke", repr(smoke))),
            reads=(*own, *(read for read in plan.artifact_reads if read not in own)),
            writes=(Write(evidence_path("smoke"), role="evidence"),),
            user=smoke is not None,
        ),
    )
