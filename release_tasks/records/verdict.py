"""The verdict: what every gate found at one of its two points, and the one decision that follows."""

from __future__ import annotations

from typing import Literal, TypeVar, cast

from release_tasks.errors import FormatError
from release_tasks.records.code_table import CODES
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSON, JSONObject

SCHEMA_VERSION = 1
Word = TypeVar("Word", bound=str)

Point = Literal["candidate", "seal"]
POINTS: tuple[Point, ...] = ("candidate", "seal")
Hardness = Literal["hard", "soft", "off"]
HARDNESSES: tuple[Hardness, ...] = ("hard", "soft", "off")
Status = Literal["pass", "warn", "fail", "off", "skipped", "waived"]
STATUSES: tuple[Status, ...] = ("pass", "warn", "fail", "off", "skipped", "waived")
Decision = Literal["PASS", "PASS_WITH_WARNINGS", "REJECT"]
DECISIONS: tuple[Decision, ...] = ("PASS", "PASS_WITH_WARNINGS", "REJECT")


@frozen
class Mode:
    """How the run was asked for; anything but the plain run is marked, and can never be sealed.

    `strict` is what the command line says of it, None when it says nothing. An experiment is a release of
    that type (R24): the one mark that release.toml makes.
    """

    soft: bool = False
    snapshot: bool = False
    strict: bool | None = None
    policy_override: bool = False
    profile_override: bool = False
    experimental: bool = False


@frozen
class Finding:
    """One reason, always with a code: what was looked at, what was wanted and what was found.

    `evidence` is the file that says so; `decide` fills it in.
    """

    code: GateCode
    subject: str
    wanted: str
    found: str
    evidence: str = ""


@frozen
class WaivedFinding:
    """A finding, who answers for it and why, and the last day (ISO 8601, UTC) on which the waiver holds."""

    finding: Finding
    by: str
    reason: str
    expires: str


@frozen
class GateResult:
    """One gate: its hardness under the policy, its status, and every finding, not only the first (B9).

    `evidence` are the files that it rests on; `waived` are the findings for which somebody answers.
    """

    gate: str
    hardness: Hardness
    status: Status
    findings: tuple[Finding, ...]
    evidence: tuple[str, ...]
    waived: tuple[WaivedFinding, ...] = ()

    def to_json(self) -> JSONObject:
        """Write the result as it stands in a verdict."""
        return _gate_json(self)


@frozen
class Verdict:
    """The outcome at one point, with all gates in the order of the table."""

    point: Point
    decision: Decision
    profile: str
    strict: bool
    mode: Mode
    gates: tuple[GateResult, ...]

    @property
    def accepted(self) -> bool:
        """Whether the release may go on."""
        return self.decision != "REJECT"

    @property
    def codes(self) -> tuple[GateCode, ...]:
        """Codes of the decision: failing first, then warnings, then success, each sorted, none twice (P3)."""
        groups: list[GateCode] = []
        for status in ("fail", "warn"):
            found = {f.code for gate in self.gates if gate.status == status for f in gate.findings}
            if status == "warn" and any(gate.waived for gate in self.gates):
                found.add(GateCode.WAIVER_APPLIED)
            groups += sorted(found - set(groups))
        if self.decision != "REJECT":
            groups.append(GateCode(self.decision))
        return tuple(groups)

    def to_json(self) -> JSONObject:
        """Write the verdict as plain JSON, without a clock."""
        return {
            "schema_version": SCHEMA_VERSION,
            "point": self.point,
            "decision": self.decision,
            "profile": self.profile,
            "strict": self.strict,
            "mode": {
                "soft": self.mode.soft,
                "snapshot": self.mode.snapshot,
                "strict": self.mode.strict,
                "policy_override": self.mode.policy_override,
                "profile_override": self.mode.profile_override,
                "experimental": self.mode.experimental,
            },
            "codes": [str(code) for code in self.codes],
            "gates": [gate.to_json() for gate in self.gates],
        }


def _gate_json(gate: GateResult) -> JSONObject:
    return {
        "gate": gate.gate,
        "hardness": gate.hardness,
        "status": gate.status,
        "evidence": list[JSON](gate.evidence),
        "findings": [_finding_json(finding) for finding in gate.findings],
        "waived": [
            {**_finding_json(item.finding), "by": item.by, "reason": item.reason, "expires": item.expires}
            for item in gate.waived
        ],
    }


def _finding_json(finding: Finding) -> JSONObject:
    info = CODES[finding.code]
    return {
        "code": str(finding.code),
        "category": str(info.category),
        "subject": finding.subject,
        "wanted": finding.wanted,
        "found": finding.found,
        "evidence": finding.evidence,
        "recommendation": info.recommendation,
    }


def verdict_from_json(value: JSON, *, where: str) -> Verdict:
    """Read a verdict; raises FormatError for anything but what `to_json` writes."""
    try:
        verdict = _verdict(value)
        if verdict.to_json() == value:
            return verdict
        found = "another order, or other keys"
    except (KeyError, TypeError, ValueError) as error:
        found = f"{type(error).__name__}: {error}"[:200]
    raise FormatError(
        "not a verdict of this version",
        wanted=f"schema_version {SCHEMA_VERSION} and the keys of verdict.schema.json",
        found=found,
        where=where,
        hint="run 'doit release'",
    )


def _verdict(value: JSON) -> Verdict:
    top = _object(value)
    return Verdict(
        point=_one_of(POINTS, top["point"]),
        decision=_one_of(DECISIONS, top["decision"]),
        profile=str(top["profile"]),
        strict=bool(top["strict"]),
        mode=Mode(**cast("dict[str, bool]", _object(top["mode"]))),
        gates=tuple(_gate(_object(row)) for row in _list(top["gates"])),
    )


def _gate(row: JSONObject) -> GateResult:
    return GateResult(
        gate=str(row["gate"]),
        hardness=_one_of(HARDNESSES, row["hardness"]),
        status=_one_of(STATUSES, row["status"]),
        findings=tuple(_finding(_object(item)) for item in _list(row["findings"])),
        evidence=tuple(map(str, _list(row["evidence"]))),
        waived=tuple(
            WaivedFinding(
                finding=_finding(item),
                by=str(item["by"]),
                reason=str(item["reason"]),
                expires=str(item["expires"]),
            )
            for item in map(_object, _list(row["waived"]))
        ),
    )


def _finding(row: JSONObject) -> Finding:
    return Finding(
        code=GateCode(str(row["code"])),
        subject=str(row["subject"]),
        wanted=str(row["wanted"]),
        found=str(row["found"]),
        evidence=str(row["evidence"]),
    )


def _one_of(words: tuple[Word, ...], value: JSON) -> Word:
    for word in words:
        if word == value:
            return word
    raise ValueError(f"{value!r:.100} is none of {', '.join(words)}")


def _object(value: JSON) -> JSONObject:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} in the place of an object")
    return value


def _list(value: JSON) -> list[JSON]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} in the place of a list")
    return value
