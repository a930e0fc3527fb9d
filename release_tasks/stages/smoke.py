"""`smoke`: does the model load, generate, and give a sample that passes its check."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Write
from release_tasks.stages.plan import Plan, as_reads


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the smoke run over the artifacts, laid out as they will be released."""
    smoke = plan.release.smoke
    own = as_reads(smoke.reads) if smoke else ()
    return (
        Step(
            verb="smoke",
            run="release_tasks.stages.smoke_action:smoke_artifacts",
            doc="Load the model, generate a sample and check it.",
            args=(("command", smoke.command if smoke else ("python",)), ("smoke", repr(smoke))),
            reads=(*own, *(read for read in plan.artifact_reads if read not in own)),
            writes=(Write(evidence_path("smoke"), role="evidence"),),
            user=smoke is not None,
        ),
    )
