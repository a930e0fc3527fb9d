"""`checkpoint`: are the released weights those that the declared metric selects (R7)."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Write
from release_tasks.stages.plan import Plan


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the comparison with the record of all checkpoints, if one is declared."""
    checkpoint = plan.release.checkpoint
    if checkpoint is None:
        return ()
    model = plan.release.artifacts.model
    return (
        Step(
            verb="checkpoint",
            run="release_tasks.stages.checkpoint_action:check_selection",
            doc="Compare the weights with the checkpoint that the metric selects.",
            args=(("metric", checkpoint.metric), ("direction", checkpoint.direction)),
            reads=(checkpoint.record, *(path for path in model if path != checkpoint.record)),
            writes=(Write(evidence_path("checkpoint"), role="evidence"),),
        ),
    )
