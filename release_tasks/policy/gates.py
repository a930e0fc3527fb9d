"""One pure function decides at both points, over one table of gates, for every entry point (design §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from release_tasks.config.policy import Policy
from release_tasks.policy.candidate_gates import CANDIDATE_GATES
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS, misfits
from release_tasks.policy.gate import Gate
from release_tasks.policy.seal_gates import SEAL_GATES
from release_tasks.records.digest import Digest
from release_tasks.records.evidence import Evidence, evidence_path
from release_tasks.records.gate_code import CODES, GateCode
from release_tasks.records.verdict import (
    Decision,
    Finding,
    GateResult,
    Hardness,
    Mode,
    Point,
    Status,
    Verdict,
)

GATES: tuple[Gate, ...] = (*CANDIDATE_GATES, *SEAL_GATES)
KNOWN_GATES: frozenset[str] = frozenset(gate.name for gate in GATES)
KNOWN_THRESHOLDS: frozenset[str] = frozenset()
# Without a policy file: everything is hard but the spelling of weights that somebody else wrote.
DEFAULT_POLICY = Policy(gates=(("weights-canonical", "soft"),))


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is judged: the evidence by kind, the digests that files have now, and which are the artifacts."""

    evidence: Mapping[str, Evidence]
    subjects: Mapping[str, Digest]
    artifacts: frozenset[str]


def _binding(gate: Gate, case: Case) -> tuple[Finding, ...]:
    """Refuse evidence that is missing, of another shape, or speaks of other bytes."""
    kind = EVIDENCE_KINDS[gate.evidence]
    record = case.evidence.get(gate.evidence)
    if record is None:
        return (
            Finding(
                code=GateCode.EVIDENCE_MISSING,
                subject=gate.evidence,
                wanted=f"a record of kind {gate.evidence}",
                found="none",
            ),
        )
    if record.kind != gate.evidence:
        return (_invalid(gate, "kind", gate.evidence, record.kind),)
    flaws = tuple(
        _invalid(gate, flaw.key, flaw.wanted, flaw.found) for flaw in misfits(record.data, kind.fields)
    )
    return flaws or tuple(_stale(record, case, also=case.artifacts if kind.of_artifacts else frozenset()))


def _invalid(gate: Gate, key: str, wanted: str, found: str) -> Finding:
    subject = f"{gate.evidence}: {key}"
    return Finding(code=GateCode.EVIDENCE_INVALID, subject=subject, wanted=wanted, found=found)


def _stale(record: Evidence, case: Case, *, also: frozenset[str]) -> Iterator[Finding]:
    """Find the files of which the record says something else, and those of `also` that it leaves out."""
    then, now = dict(record.subjects), case.subjects
    for path in sorted(then.keys() | also):
        if path not in then or then[path] != now.get(path):
            yield Finding(
                code=GateCode.EVIDENCE_STALE,
                subject=path,
                wanted=f"evidence about {_name(now.get(path))}",
                found=f"evidence about {_name(then.get(path))}",
            )


def _name(digest: Digest | None) -> str:
    return digest.short if digest else "no such file"


def _status(findings: tuple[Finding, ...], hardness: Hardness, mode: Mode, *, softened: bool) -> Status:
    if not findings:
        return "pass"
    refused = hardness == "hard" and any(CODES[finding.code].hard for finding in findings)
    if mode.strict or (refused and not softened):
        return "fail"
    return "warn"


def _judge(gate: Gate, case: Case, policy: Policy, mode: Mode) -> GateResult:
    hardness = policy.hardness(gate.name)
    evidence = evidence_path(gate.evidence)
    if hardness == "off":
        return GateResult(gate=gate.name, hardness=hardness, status="off", findings=(), evidence=evidence)
    findings = _binding(gate, case)
    if not findings:
        findings = tuple(gate.check(case.evidence[gate.evidence].data))
    softened = mode.soft and gate.name in policy.soft_allowed
    return GateResult(
        gate=gate.name,
        hardness=hardness,
        status=_status(findings, hardness, mode, softened=softened),
        findings=findings,
        evidence=evidence,
    )


def decide(point: Point, case: Case, *, policy: Policy, profile: str, mode: Mode) -> Verdict:
    """Judge every gate of one point and draw the one conclusion.

    A gate is looked at to its end even when another failed (B9). `strict` turns warnings into refusals (P5);
    `soft` softens only the gates in the policy's `soft_allowed` (K4). Evidence that is missing, lacks a
    measurement, or speaks of other digests than the artifacts have now refuses the gates that rest on it.
    """
    results = tuple(_judge(gate, case, policy, mode) for gate in GATES if gate.point == point)
    statuses = {result.status for result in results}
    decision: Decision = "PASS"
    if "fail" in statuses:
        decision = "REJECT"
    elif "warn" in statuses:
        decision = "PASS_WITH_WARNINGS"
    return Verdict(point=point, decision=decision, profile=profile, mode=mode, gates=results)
