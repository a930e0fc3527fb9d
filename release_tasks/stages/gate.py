"""`gate`: the verdict at the candidate point, over evidence, before anything is packaged."""

from __future__ import annotations

from dataclasses import astuple

from release_tasks.policy.run_manifest import release_hash
from release_tasks.records.evidence import POLICY_RECORD, evidence_path
from release_tasks.records.step import RECORDS, Step, Tree, Write
from release_tasks.stages.evidence import EVIDENCE, OWN_RECORDS, evidence_records
from release_tasks.stages.plan import Plan

VERDICT = f"{RECORDS}/verdict.json"
ENVIRONMENT = f"{RECORDS}/environment.json"
POLICY = POLICY_RECORD
TRUST = f"{RECORDS}/trust.json"
RUN = f"{RECORDS}/run.json"
# What the gate writes of itself; the release shows all of it below evidence/.
JUDGEMENT = (
    Write(ENVIRONMENT, role="environment"),
    Write(POLICY, role="policy"),
    Write(RUN, role="run"),
    Write(TRUST, role="trust", cls="derived"),
    Write(VERDICT, role="verdict", cls="derived"),
)


def commands(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Every command that the release rests on, by the name of its task, as one line."""
    release = plan.release
    named: list[tuple[str, tuple[str, ...] | None]] = [
        *((f"step:{user.name}", user.command) for user in release.steps),
        *((f"test:{suite.name}", suite.command) for suite in release.tests),
        *((f"parity:{pair.name}", pair.command) for pair in release.parity),
        *((f"evaluation:{item.name}", item.command) for item in release.evaluations),
        *((f"bench:{item.name}", item.command) for item in release.benchmarks),
        ("smoke", release.smoke.command if release.smoke else None),
    ]
    return tuple((name, " ".join(command)) for name, command in named if command is not None)


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that decides."""
    policy = (Tree((plan.policy,), optional=True),) if plan.policy else ()
    release, mode = plan.release, plan.mode
    return (
        Step(
            verb="gate",
            run="release_tasks.stages.gate_action:judge_candidate",
            doc="Decide: every gate over its evidence, one verdict.",
            args=(
                ("mode", astuple(mode)),
                ("profile", release.profile),
                ("policy", plan.policy),
                ("version", release.version.text),
                ("commands", commands(plan)),
                ("configuration", str(release_hash(release))),
            ),
            reads=(*map(evidence_path, sorted(evidence_records(plan))), *policy, *plan.artifact_reads),
            writes=(*JUDGEMENT, *(Write(evidence_path(name), role=EVIDENCE) for name in OWN_RECORDS)),
            facts=("seal", "numeric", "date"),
        ),
    )
