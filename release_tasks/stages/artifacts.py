"""`artifacts`: look at every file that would be released, before anything is decided."""

from __future__ import annotations

from release_tasks.records.contract import CURRENT
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Write
from release_tasks.stages.parity import pairs_of_formats
from release_tasks.stages.plan import Plan


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that reads all artifacts."""
    return (
        Step(
            verb="artifacts",
            run="release_tasks.stages.artifacts_action:inspect_artifacts",
            doc="Check the artifacts: weights, index, tokenizer, configuration, pickles.",
            args=(
                ("contract", CURRENT[plan.release.type].name),
                ("artifacts", repr(plan.release.artifacts)),
                ("formats", tuple(pairs_of_formats(plan.release).items())),
            ),
            reads=plan.artifact_reads,
            writes=(Write(evidence_path("artifacts"), role="evidence"),),
        ),
    )
