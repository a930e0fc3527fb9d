"""`frozen:versions`: are configuration, dataset, tokenizer and seeds those of release.lock (R8, R9)."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.lock import LOCK
from release_tasks.records.step import Step, Tree, Write
from release_tasks.stages.plan import Plan, as_reads


def tokenizer_file(plan: Plan) -> str:
    """The file that is the tokenizer, or takes its place."""
    artifacts = plan.release.artifacts
    file = artifacts.tokenizer or artifacts.preprocessor
    if file is None:
        raise AssertionError("BUG: artifacts without tokenizer and preprocessor")
    return file


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the comparison of what is pinned for every machine."""
    release = plan.release
    dataset = release.dataset
    training = release.artifacts.training
    files = (tokenizer_file(plan), release.artifacts.config, *([training] if training else []))
    data = as_reads(dataset.files) if dataset else ()
    return (
        Step(
            verb="frozen",
            subject="versions",
            run="release_tasks.stages.pinned_action:check_versions",
            doc="Compare versions of dataset and tokenizer with release.lock.",
            args=(
                ("dataset", dataset.version if dataset else None),
                ("tokenizer", release.artifacts.tokenizer_version),
                ("seeds", tuple((user.name, user.seed) for user in release.steps)),
            ),
            reads=(*files, *(read for read in data if read not in files), Tree((LOCK,), optional=True)),
            writes=(Write(evidence_path("frozen-versions"), role="evidence"),),
        ),
    )
