"""`distribution`: are wheel and source archive of this release, whole, and safe to unpack (C4)."""

from __future__ import annotations

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Write
from release_tasks.stages.plan import Plan

KIND = "distribution"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the look into both archives; none but for a release of tooling."""
    release = plan.release
    wheel, sdist = release.artifacts.wheel, release.artifacts.sdist
    if wheel is None or sdist is None:
        return ()
    return (
        Step(
            verb="distribution",
            run="release_tasks.stages.distribution_action:examine_distribution",
            doc="Look into wheel and source archive: name, version, RECORD, members.",
            args=(("name", release.name), ("version", release.version.text)),
            reads=(wheel, sdist),
            writes=(Write(evidence_path(KIND), role="evidence"),),
        ),
    )
