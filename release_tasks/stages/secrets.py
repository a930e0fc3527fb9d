"""`secrets`: does anything that is released hold a secret, reach out, or lie open to everybody."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Tree, Write
from release_tasks.stages.plan import Plan


def own_file(plan: Plan) -> str | None:
    """release.toml relative to the project, or None when it lies elsewhere."""
    release = plan.release
    if not release.file.is_relative_to(release.root):
        return None
    return release.file.relative_to(release.root).as_posix()


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the scan of the artifacts, and of the two files whose words packaging repeats."""
    own = own_file(plan)
    policy = (Tree((plan.policy,), optional=True),) if plan.policy else ()
    return (
        Step(
            verb="secrets",
            run="release_tasks.stages.secrets_action:scan_artifacts",
            doc="Scan what is released: secrets, network use, file modes, open marks.",
            args=(("artifacts", repr(plan.release.artifacts)),),
            reads=(*plan.artifact_reads, *policy, *((own,) if own else ())),
            writes=(Write(evidence_path("secrets"), role="evidence"),),
            facts=("modes", "scanners"),
        ),
    )
