"""`frozen:versions`: are configuration, dataset, tokenizer and seeds those of release.lock (R8, R9)."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.lock import LOCK
from release_tasks.records.step import Step, Tree, Write
from release_tasks.stages.plan import Plan, as_reads


def tokenizer_file(plan: Plan) -> str | None:
    """The file that is the tokenizer, or takes its place; None for a release without a model."""
    return plan.release.artifacts.tokenizer or plan.release.artifacts.preprocessor


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the comparison of what is pinned for every machine."""
    release = plan.release
    dataset = release.dataset
    artifacts = release.artifacts
    files = tuple(filter(None, (tokenizer_file(plan), artifacts.config, artifacts.training)))
    data = as_reads(dataset.files) if dataset else ()
    return (
        Step(
            verb="frozen",
            subject="versions",
            run="release_tasks.stages.pinned_action:check_versions",
            doc="Compare versions of dataset and tokenizer with release.lock.",
            args=(
                ("dataset", dataset.version if dataset else None),
                ("tokenizer", artifacts.tokenizer_version),
                ("seeds", tuple((user.name, user.seed) for user in release.steps)),
            ),
            reads=(*files, *(read for read in data if read not in files), Tree((LOCK,), optional=True)),
            writes=(Write(evidence_path("frozen-versions"), role="evidence"),),
        ),
    )
