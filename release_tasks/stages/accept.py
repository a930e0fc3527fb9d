"""`accept`: verify, scan and smoke the staged bytes, and only then put them in their place."""

from __future__ import annotations

from release_tasks.records.step import RECORDS, Step, Write
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.plan import Plan, as_reads

ACCEPTANCE_NAME = "acceptance.json"
ACCEPTANCE = f"{RECORDS}/{ACCEPTANCE_NAME}"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step after which a candidate exists."""
    smoke = plan.release.smoke
    return (
        Step(
            verb="accept",
            run="release_tasks.stages.accept_action:accept_release",
            doc="Verify, scan and smoke the packaged bytes, then move them into place.",
            args=(("smoke", repr(smoke)), ("version", plan.release.version.text)),
            reads=(PACKAGE, *(as_reads(smoke.reads) if smoke else ())),
            writes=(Write(ACCEPTANCE),),
            folder=plan.folder,
            after=("package",),
            facts=("scanners",),
        ),
    )
