"""Waivers: a person answers for a finding about one digest until a day; used up, expired, or unused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from release_tasks.config.policy import Waiver
from release_tasks.records.digest import Digest
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import Finding, WaivedFinding

WAIVERS_USED = "waivers-used"  # the gate judged after all others: what no waiver matched
WAIVERS_USED_DOC = "Every waiver of the policy excuses a finding."


class Waivers:
    """The waivers of a policy at one moment; remembers which of them matched anything."""

    def __init__(self, waivers: Sequence[Waiver], decided_at: datetime) -> None:
        self._waivers = waivers
        self._day = decided_at.date()
        self._used: set[int] = set()

    @property
    def unused(self) -> tuple[Waiver, ...]:
        """Waivers that matched no finding, in the order of the policy."""
        return tuple(waiver for index, waiver in enumerate(self._waivers) if index not in self._used)

    def divide(
        self, gate: str, findings: Sequence[Finding], digests: Collection[Digest]
    ) -> tuple[list[Finding], list[WaivedFinding]]:
        """Tell the findings that stand from those that are waived, for evidence that speaks of `digests`.

        An expired waiver excuses nothing and is a finding of its own.
        """
        matching = [
            (index, waiver)
            for index, waiver in enumerate(self._waivers)
            if waiver.gate == gate and waiver.applies_to in digests
        ]
        if not findings or not matching:
            return list(findings), []
        self._used.update(index for index, _ in matching)
        holding = [waiver for _, waiver in matching if waiver.expires >= self._day]
        if holding:
            chosen = max(holding, key=lambda waiver: waiver.expires)
            return [], [
                WaivedFinding(
                    finding=finding, by=chosen.by, reason=chosen.reason, expires=chosen.expires.isoformat()
                )
                for finding in findings
            ]
        return [*findings, *(self._expired(waiver, findings[0]) for _, waiver in matching)], []

    def _expired(self, waiver: Waiver, finding: Finding) -> Finding:
        return Finding(
            code=GateCode.WAIVER_EXPIRED,
            subject=waiver.gate,
            wanted=f"a waiver that holds on {self._day}",
            found=f"a waiver of {waiver.by} that expired on {waiver.expires}",
            evidence=finding.evidence,
        )
