"""`package`: put the release together in a staging folder; nothing is released yet."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.lock import LOCK
from release_tasks.records.step import RECORDS, Step, Tree, Write
from release_tasks.stages.gate import ENVIRONMENT, POLICY, VERDICT, evidence_kinds
from release_tasks.stages.plan import Plan, as_reads

PACKAGE = f"{RECORDS}/package.json"


def evidence_files() -> tuple[tuple[str, str], ...]:
    """Evidence records and the names that they have in the release, sorted."""
    kinds = (*evidence_kinds(), "version")
    return tuple((evidence_path(kind), f"evidence/{kind}.json") for kind in sorted(kinds))


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that copies, digests and describes every file of the release."""
    release = plan.release
    dataset = as_reads(release.dataset.files) if release.dataset else ()
    reads = (*plan.artifact_reads, *(path for path, _ in evidence_files()), VERDICT, ENVIRONMENT, POLICY)
    return (
        Step(
            verb="package",
            run="release_tasks.stages.package_action:package_release",
            doc="Copy and digest every file, write metadata, MANIFEST and checksums.",
            args=(
                ("release", f"{release.name} {release.version.text} {release.type} {release.license}"),
                ("described", f"{release.docs_version} {release.architecture} {release.dataset}"),
                ("artifacts", repr(release.artifacts)),
                ("seeds", tuple((step.name, step.seed) for step in release.steps)),
            ),
            reads=(*reads, *(read for read in dataset if read not in reads), Tree((LOCK,), optional=True)),
            writes=(Write(PACKAGE),),
            folder=plan.folder,
            after=("gate",),
            facts=("source", "date"),
        ),
    )
