"""The verdict: what every gate found at one of its two points, and the one decision that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from release_tasks.records.gate_code import CODES, GateCode
from release_tasks.records.json_value import JSONObject

SCHEMA_VERSION = 1

Point = Literal["candidate", "seal"]
Hardness = Literal["hard", "soft", "off"]
HARDNESSES: tuple[Hardness, ...] = ("hard", "soft", "off")
Status = Literal["pass", "warn", "fail", "off"]
Decision = Literal["PASS", "PASS_WITH_WARNINGS", "REJECT"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mode:
    """How the run was asked for; anything but the plain run is marked, and can never be sealed."""

    soft: bool = False
    snapshot: bool = False
    strict: bool = False
    policy_override: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One reason, always with a code: what was looked at, what was wanted and what was found."""

    code: GateCode
    subject: str
    wanted: str
    found: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """One gate: its hardness under the policy, its status, and every finding, not only the first (B9)."""

    gate: str
    hardness: Hardness
    status: Status
    findings: tuple[Finding, ...]
    evidence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The outcome at one point, with all gates in the order of the table."""

    point: Point
    decision: Decision
    profile: str
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
            "mode": {
                "soft": self.mode.soft,
                "snapshot": self.mode.snapshot,
                "strict": self.mode.strict,
                "policy_override": self.mode.policy_override,
            },
            "codes": [str(code) for code in self.codes],
            "gates": [_gate_json(gate) for gate in self.gates],
        }


def _gate_json(gate: GateResult) -> JSONObject:
    return {
        "gate": gate.gate,
        "hardness": gate.hardness,
        "status": gate.status,
        "evidence": gate.evidence,
        "findings": [
            {
                "code": str(finding.code),
                "category": str(CODES[finding.code].category),
                "subject": finding.subject,
                "wanted": finding.wanted,
                "found": finding.found,
                "recommendation": CODES[finding.code].recommendation,
            }
            for finding in gate.findings
        ],
    }
