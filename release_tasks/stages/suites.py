"""`test:<suite>`: run each declared test suite, and note which of the four suites there are."""

from __future__ import annotations

from release_tasks.config.schema import Suite
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import Step, Write
from release_tasks.stages.plan import Plan, as_reads


def _suite_step(suite: Suite) -> Step:
    return Step(
        verb="test",
        subject=suite.name,
        run="release_tasks.stages.suites_action:run_suite",
        doc=f"Run the {suite.name} tests.",
        args=(("command", suite.command), ("suite", repr(suite))),
        reads=as_reads(suite.reads),
        writes=(Write(evidence_path(f"tests/{suite.name}"), role="evidence"),),
        facts=("pytest-plugin",),  # it tells structural tests from heuristic ones
        user=True,
    )


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan one step for every suite; which suites are declared is a record of its own.

    So that a suite which is added later does not run the others again.
    """
    suites = plan.release.tests
    if not suites:
        return ()
    declared = Step(
        verb="test",
        subject="declared",
        run="release_tasks.stages.suites_action:note_suites",
        doc="Note which test suites are declared.",
        args=(("suites", tuple(suite.name for suite in suites)),),
        writes=(Write(evidence_path("suites"), role="evidence"),),
    )
    return (declared, *map(_suite_step, suites))
