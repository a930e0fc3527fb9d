"""`evaluation:<name>`: samples judged by a rubric."""

from __future__ import annotations

from release_tasks.config.schema import Evaluation
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Step, Write
from release_tasks.stages.plan import Plan, as_reads


def report_path(name: str) -> str:
    """Where the report for people is kept."""
    return f"{RECORDS}/evaluation/{name}.md"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan one step for each evaluation."""
    return tuple(_step(item) for item in plan.release.evaluations)


def _step(item: Evaluation) -> Step:
    own = as_reads(item.reads)
    judge = ("python", *(item.command or ())) if item.judge == "local" else item.command
    files = tuple(path for path in dict.fromkeys((item.rubric, item.samples)) if path not in own)
    return Step(
        verb="evaluation",
        subject=item.name,
        run="release_tasks.stages.evaluations_action:evaluate",
        doc=f"Judge samples of {item.samples} by {item.rubric}.",
        args=(
            ("command", judge or ("python",)),
            ("judge", item.judge),
            ("files", (item.rubric, item.samples)),
        ),
        reads=(*own, *files),
        writes=(
            Write(evidence_path(f"evaluation/{item.name}"), role="evidence"),
            Write(report_path(item.name), role="evaluation-report"),
        ),
        user=item.command is not None,
    )
