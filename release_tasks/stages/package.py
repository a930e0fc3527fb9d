"""`package`: put the release together in a staging folder; nothing is released yet."""

from __future__ import annotations

from release_tasks.records.lock import LOCK
from release_tasks.records.step import RECORDS, Step, Tree, Write
from release_tasks.stages.evidence import released_records
from release_tasks.stages.gate import JUDGEMENT
from release_tasks.stages.plan import Plan, as_reads

PACKAGE = f"{RECORDS}/package.json"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that copies, digests and describes every file of the release."""
    release = plan.release
    dataset = as_reads(release.dataset.files) if release.dataset else ()
    reads = (
        *plan.artifact_reads,
        *(write.path for write, _ in released_records(plan)),
        *(write.path for write in JUDGEMENT),
    )
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
