"""`gate`: the verdict at the candidate point, over evidence, before anything is packaged."""

from __future__ import annotations

from release_tasks.policy.gates import GATES
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Step, Tree, Write
from release_tasks.stages.plan import Plan

VERDICT = f"{RECORDS}/verdict.json"
ENVIRONMENT = f"{RECORDS}/environment.json"
POLICY = f"{RECORDS}/policy.json"
_GATE_EVIDENCE = "version"  # written by the gate itself: it speaks of the tag, which no other step looks at


def evidence_kinds() -> tuple[str, ...]:
    """The kinds of evidence that other steps write for the gates of the candidate point, sorted."""
    kinds = {gate.evidence for gate in GATES if gate.point == "candidate"}
    return tuple(sorted(kinds - {_GATE_EVIDENCE}))


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
                ("mode", (mode.soft, mode.snapshot, mode.strict, mode.policy_override)),
                ("profile", release.profile),
                ("policy", plan.policy),
                ("version", release.version.text),
            ),
            reads=(*map(evidence_path, evidence_kinds()), *policy, *plan.artifact_reads),
            writes=(
                Write(VERDICT, role="verdict", cls="derived"),
                Write(ENVIRONMENT, role="environment"),
                Write(POLICY, role="policy"),
                Write(evidence_path(_GATE_EVIDENCE)),
            ),
            facts=("seal", "numeric"),
        ),
    )
