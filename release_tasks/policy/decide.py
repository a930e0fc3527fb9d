"""One pure function decides at both points, over one table of gates, for every entry point (design §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from release_tasks.config.policy import Policy, Waiver
from release_tasks.policy.evidence_shape import EvidenceKind, misfits
from release_tasks.policy.gate import Gate, Rules
from release_tasks.policy.profiles import InForce, in_force
from release_tasks.policy.seal_gates import SEAL_GATES, SEAL_KINDS
from release_tasks.policy.waivers import WAIVERS_USED, Waivers
from release_tasks.records.code_table import CODES, NOT_DONE
from release_tasks.records.digest import Digest
from release_tasks.records.evidence import POLICY_RECORD, Evidence, evidence_path, kind_of
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import (
    Decision,
    Finding,
    GateResult,
    Hardness,
    Mode,
    Point,
    Status,
    Verdict,
    WaivedFinding,
)

# What may be sealed is no matter of policy: these always refuse, also in a soft run (K4).
ALWAYS_HARD: frozenset[str] = frozenset(gate.name for gate in SEAL_GATES)

Subjects = Mapping[str, Digest]


@frozen
class Case:
    """What is judged: the evidence by record name, and what each declared record must speak of.

    A record's name is its kind, or `KIND/NAME` where a kind has many. `expected` pairs the name of every
    record that release.toml asks for with the files it must speak of and the digests that they have now.
    """

    evidence: Mapping[str, Evidence]
    expected: Mapping[str, Subjects]

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of all records of a kind that must be there, sorted."""
        return tuple(sorted(name for name in self.expected if kind_of(name) == kind))


def _binding(name: str, case: Case) -> Iterator[Finding]:
    """Refuse evidence that is missing, misshapen, false in itself, mock, or speaks of other bytes."""
    kind = _kind(kind_of(name))
    record = case.evidence.get(name)
    if record is None:
        wanted = f"a record of kind {kind_of(name)}"
        yield Finding(code=GateCode.EVIDENCE_MISSING, subject=name, wanted=wanted, found="none")
        return
    if record.kind != kind_of(name):
        yield _invalid(name, "kind", kind_of(name), record.kind)
        return
    flaws = tuple(misfits(record.data, kind.fields)) or tuple(kind.contradictions(record.data))
    yield from (_invalid(name, flaw.key, flaw.wanted, flaw.found) for flaw in flaws)
    if not flaws and kind.many and name != f"{record.kind}/{record.data['name']}":
        yield _invalid(name, "name", name.partition("/")[2], str(record.data["name"]))
    if record.data.get("mock") is True:
        yield Finding(code=GateCode.EVIDENCE_MOCK, subject=name, wanted="a real measurement", found="a mock")
    yield from _stale(dict(record.subjects), case.expected[name])


def _invalid(name: str, key: str, wanted: str, found: str) -> Finding:
    return Finding(code=GateCode.EVIDENCE_INVALID, subject=f"{name}: {key}", wanted=wanted, found=found)


def _stale(then: Subjects, now: Subjects) -> Iterator[Finding]:
    """Find the files of which the record says something else, or nothing, or more than it should."""
    for path in sorted(then.keys() | now.keys()):
        if then.get(path) != now.get(path):
            yield Finding(
                code=GateCode.EVIDENCE_STALE,
                subject=path,
                wanted=f"evidence about {_name(now.get(path))}",
                found=f"evidence about {_name(then.get(path))}",
            )


def _kind(name: str) -> EvidenceKind:
    if name in SEAL_KINDS:
        return SEAL_KINDS[name]
    from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS  # noqa: PLC0415 - only when needed

    return EVIDENCE_KINDS[name]


def _gates(point: Point) -> tuple[Gate, ...]:
    """Every gate of a point; the seal is judged by each run, also by one that has nothing to do."""
    if point == "seal":
        return SEAL_GATES
    from release_tasks.policy.gates import GATES  # noqa: PLC0415 - only when needed

    return tuple(gate for gate in GATES if gate.point == point)


def _name(digest: Digest | None) -> str:
    return digest.short if digest else "no such file"


@frozen
class _Court:
    """All that judging one gate needs: the case, what is in force, and who answers for what."""

    case: Case
    force: InForce
    rules: Rules
    mode: Mode
    waivers: Waivers

    def hardness(self, gate: str) -> Hardness:
        return "hard" if gate in ALWAYS_HARD else self.force.hardness(gate)

    def judge(self, gate: Gate) -> GateResult:
        names = self.case.names(gate.evidence)
        files = tuple(map(evidence_path, names)) or (evidence_path(gate.evidence),)
        hardness = self.hardness(gate.name)
        result = GateResult(gate=gate.name, hardness=hardness, status="off", findings=(), evidence=files)
        if hardness == "off":
            return result
        if gate.undeclared is not None and not self._is_asked(gate, names):
            return self._skipped(gate, gate.undeclared, result)
        findings: list[Finding] = []
        waived = []
        for name in names or (gate.evidence,):
            found, excused = self._record(gate, name)
            findings += found
            waived += excused
        status, told = self.conclude(gate.name, tuple(findings))
        if status == "pass" and waived:
            status = "waived"
        return replace(result, status=status, findings=told, waived=tuple(waived))

    def _is_asked(self, gate: Gate, names: tuple[str, ...]) -> bool:
        """Whether there is anything to judge: evidence that does not bind is judged, and refuses."""
        if gate.asked is None or any(any(_binding(name, self.case)) for name in names):
            return bool(names)
        return any(gate.asked(self.case.evidence[name].data) for name in names)

    def _record(self, gate: Gate, name: str) -> tuple[list[Finding], list[WaivedFinding]]:
        """Findings of one record, and those for which somebody answers; what binds it is never waived."""
        file = evidence_path(name)
        bound = [replace(finding, evidence=file) for finding in _binding(name, self.case)]
        if bound:
            return bound, []
        record = self.case.evidence[name]
        found = [replace(finding, evidence=file) for finding in gate.check(record.data, self.rules)]
        return self.waivers.divide(gate.name, found, [digest for _, digest in record.subjects])

    def _skipped(self, gate: Gate, code: GateCode, result: GateResult) -> GateResult:
        finding = Finding(
            code=code,
            subject="release.toml",
            wanted=f"evidence of kind {gate.evidence}",
            found="nothing declared",
        )
        required = gate.name in self.force.required
        return replace(result, status="fail" if required else "skipped", findings=(finding,))

    def conclude(self, gate: str, findings: tuple[Finding, ...]) -> tuple[Status, tuple[Finding, ...]]:
        """The status that findings come to; where only strictness refuses, one more finding says so (P5)."""
        if not findings:
            return "pass", ()
        codes = {finding.code for finding in findings}
        if gate in self.force.required and codes & NOT_DONE:
            return "fail", findings
        refused = self.hardness(gate) == "hard" and any(CODES[code].hard for code in codes)
        softened = self.mode.soft and gate in self.force.policy.soft_allowed and gate not in ALWAYS_HARD
        if refused and not softened:
            return "fail", findings
        if self.force.strict:
            return "fail", (*findings, _incomplete(gate, findings))
        return "warn", findings


def _rules(force: InForce, decided_at: datetime) -> Rules:
    return Rules(
        limits=force.limits,
        decided_at=decided_at,
        mock_patterns=force.policy.mock_patterns,
        exceptions=force.policy.exceptions,
    )


def _incomplete(gate: str, findings: tuple[Finding, ...]) -> Finding:
    codes = ", ".join(sorted({str(finding.code) for finding in findings}))
    return Finding(
        code=GateCode.CONFIG_INCOMPLETE,
        subject=gate,
        wanted="no warning: the run is strict",
        found=codes,
        evidence=findings[0].evidence,
    )


def decide(
    point: Point, case: Case, *, policy: Policy, profile: str, mode: Mode, decided_at: datetime
) -> Verdict:
    """Judge every gate of one point and draw the one conclusion.

    A gate is looked at to its end even when another failed (B9). `strict` turns warnings into refusals (P5);
    `soft` softens only the gates in the policy's `soft_allowed` (K4). Evidence that is missing, lacks a
    measurement, or speaks of other digests than the files have now refuses the gates that rest on it. Ages
    and expiries are judged at `decided_at`, an aware moment. Raises ConfigError for an unknown profile.
    """
    force = in_force(policy, profile, mode)
    # Waivers of the candidate were used there; the seal only asks whether they still hold.
    waivers = Waivers(policy.waivers if point == "candidate" else (), decided_at)
    court = _Court(case=case, force=force, rules=_rules(force, decided_at), mode=mode, waivers=waivers)
    results = [court.judge(gate) for gate in _gates(point)]
    if point == "candidate":
        results.append(_unused(court))
    return Verdict(
        point=point,
        decision=_decision(results),
        profile=profile,
        strict=force.strict,
        mode=mode,
        gates=tuple(results),
    )


def judge_again(
    evidence: Evidence,
    gates: Collection[str],
    *,
    policy: Policy,
    profile: str,
    mode: Mode,
    decided_at: datetime,
    file: str,
) -> tuple[GateResult, ...]:
    """Judge some gates over evidence about packaged bytes, as `decide` would.

    `file` is what the results name as their evidence: this record is kept nowhere. Raises ConfigError for an
    unknown profile.
    """
    case = Case(evidence={evidence.kind: evidence}, expected={evidence.kind: dict(evidence.subjects)})
    force = in_force(policy, profile, mode)
    waivers = Waivers(policy.waivers, decided_at)
    court = _Court(case=case, force=force, rules=_rules(force, decided_at), mode=mode, waivers=waivers)
    judged = (court.judge(gate) for gate in _gates("candidate") if gate.name in gates)
    return tuple(
        replace(
            result,
            evidence=(file,),
            findings=tuple(replace(finding, evidence=file) for finding in result.findings),
        )
        for result in judged
    )


def _unused(court: _Court) -> GateResult:
    hardness = court.force.hardness(WAIVERS_USED)
    findings = tuple(map(_unused_finding, court.waivers.unused)) if hardness != "off" else ()
    status, told = court.conclude(WAIVERS_USED, findings)
    return GateResult(
        gate=WAIVERS_USED,
        hardness=hardness,
        status="off" if hardness == "off" else status,
        findings=told,
        evidence=(POLICY_RECORD,),
    )


def _unused_finding(waiver: Waiver) -> Finding:
    return Finding(
        code=GateCode.WAIVER_UNUSED,
        subject=waiver.gate,
        wanted=f"a finding about {waiver.applies_to.short}",
        found="none",
        evidence=POLICY_RECORD,
    )


def _decision(results: list[GateResult]) -> Decision:
    statuses = {result.status for result in results}
    if "fail" in statuses:
        return "REJECT"
    return "PASS_WITH_WARNINGS" if statuses & {"warn", "waived"} else "PASS"
