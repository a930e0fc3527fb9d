"""What a verdict shows for people: the acceptance summary (B5) and the acceptance table of R28."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from release_tasks.policy.gate import Gate
from release_tasks.policy.gates import GATES
from release_tasks.records.code_table import CODES, NOT_DONE, OTHER_TYPES
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import Category, GateCode
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import RECORDS
from release_tasks.records.verdict import GateResult, Verdict

Shown = Literal["yes", "no", "not shown"]
_WORST_FIRST: tuple[Shown, ...] = ("no", "not shown", "yes")
ALL_PASSED = "ALL ACCEPTANCE TESTS PASSED"


@frozen
class Row:
    """One statement about a release: whether it is shown, by which evidence, and what stands against it."""

    name: str
    shown: Shown
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    def to_json(self) -> JSONObject:
        """Write the row as plain JSON."""
        return {
            "row": self.name,
            "status": self.shown,
            "evidence": list[JSON](self.evidence),
            "against": list[JSON](self.against),
        }


@dataclass(frozen=True, slots=True)
class _Claim:
    """A row by what its gates look at: what must show it, and what may only speak against it."""

    name: str
    core: frozenset[str]
    others: frozenset[str] = frozenset()


_REST = frozenset({"the rest"})  # stands for whatever no claim of its table names
_LOCK = frozenset({"frozen-inputs", "frozen-outputs"})
_SUMMARY = (
    _Claim("introspection", frozenset({"artifacts", "smoke"})),
    _Claim("parity", frozenset({Category.PARITY})),
    _Claim("performance", frozenset({Category.BENCH})),
    _Claim("CI checks", frozenset({Category.TESTS, "version"}) | _LOCK, _REST),
)
_TABLE = (
    _Claim("tested", frozenset({Category.TESTS})),
    _Claim("benchmarked", frozenset({Category.BENCH})),
    _Claim("versioned", frozenset({"version"}) | _LOCK, frozenset({"frozen-versions"})),
    _Claim("validated", frozenset({"artifacts", "smoke"}), _REST),
)


def _looks_at(gate: Gate) -> str:
    """What a gate looks at: the category of what release.toml may leave out, else its kind of evidence."""
    return gate.evidence if gate.undeclared is None else CODES[gate.undeclared].category


LOOKS_AT: dict[str, str] = {
    **{gate.name: _looks_at(gate) for gate in GATES},
    **dict.fromkeys(("weights", "weights-finite", "weights-canonical"), "artifacts"),
    "smoke": "smoke",
    "parity-coverage": Category.PARITY,  # reads the artifacts to see which of them want a pair
}


def acceptance_summary(verdict: Verdict) -> tuple[Row, ...]:
    """Introspection, parity, performance and CI checks, each as the evidence shows it (B5)."""
    return _rows(verdict, _SUMMARY)


def all_passed(verdict: Verdict, rows: Sequence[Row]) -> bool:
    """Whether the one line may be printed: nothing refused, every row shown by evidence that passed."""
    return verdict.accepted and bool(rows) and all(row.shown == "yes" for row in rows)


def acceptance_table(verdict: Verdict, *, root: Digest) -> tuple[Row, ...]:
    """The six statements of R28 about a candidate whose packaged bytes were verified to have `root`.

    Reproducible is not shown: nothing was rebuilt when a candidate is accepted.
    """
    tested, benchmarked, versioned, validated = _rows(verdict, _TABLE)
    reproducible = Row(name="reproducible", shown="not shown", against=("no rebuild report",))
    packaged = Row(name="packaged", shown="yes", evidence=("MANIFEST.json", f"root {root}"))
    return reproducible, tested, benchmarked, versioned, packaged, validated


def sealed_table(candidate: Verdict, seal: Verdict, *, root: Digest) -> tuple[Row, ...]:
    """The six statements of R28 at the seal: what the candidate showed, and the rebuild of the same root."""
    rebuilt = [gate for gate in seal.gates if gate.gate == "reproducible"]
    return (_row("reproducible", rebuilt, ()), *acceptance_table(candidate, root=root)[1:])


def _rows(verdict: Verdict, claims: Sequence[_Claim]) -> tuple[Row, ...]:
    named = frozenset[str]().union(*(claim.core | claim.others for claim in claims))
    rows = []
    for claim in claims:
        core, others = [], []
        for gate in verdict.gates:
            subject = LOOKS_AT.get(gate.gate, "")
            if subject in claim.core:
                core.append(gate)
            elif subject in claim.others or (claim.others == _REST and subject not in named):
                others.append(gate)
        rows.append(_row(claim.name, core, others))
    return tuple(rows)


def _row(name: str, core: Sequence[GateResult], others: Sequence[GateResult]) -> Row:
    """A row is as good as the worst of its gates; of `others` only those count that were declared.

    What only releases of another type have is nobody's to show.
    """
    asked = (gate for gate in core if gate.status != "skipped" or not _codes(gate) & OTHER_TYPES)
    counted = [*asked, *(gate for gate in others if gate.status != "skipped")]
    states = [(gate, _shown(gate)) for gate in counted]
    worst: Shown = min((shown for _, shown in states), key=_WORST_FIRST.index, default="not shown")
    good = [path for gate, shown in states if shown == "yes" for path in gate.evidence]
    against = _reasons([gate for gate, shown in states if shown != "yes"])
    return Row(
        name=name,
        shown=worst if core else "not shown",
        evidence=tuple(dict.fromkeys(path.replace(f"{RECORDS}/", "evidence/") for path in good)),
        against=tuple(against) if core else (*against, "no gate looks at it"),
    )


def _shown(gate: GateResult) -> Shown:
    """What one gate shows: a finding that would refuse speaks against it, softened or waived as it may be."""
    if gate.status == "fail":
        return "no"
    if gate.status in {"off", "skipped"}:
        return "not shown"
    codes = _codes(gate)
    if any(CODES[code].hard for code in codes):
        return "no"
    return "not shown" if codes & NOT_DONE else "yes"


def _codes(gate: GateResult) -> frozenset[GateCode]:
    findings = (*gate.findings, *(item.finding for item in gate.waived))
    return frozenset(finding.code for finding in findings)


def _reasons(gates: Sequence[GateResult]) -> list[str]:
    """What stands against a row; gates of which the same is true are named together."""
    words = {"off": "switched off", "skipped": "not declared", "fail": "refused", "warn": "warned"}
    names: dict[tuple[str, str], list[str]] = {}
    for gate in gates:
        codes = ", ".join(sorted(map(str, _codes(gate))))
        names.setdefault((words.get(gate.status, gate.status), codes), []).append(gate.gate)
    return [
        f"{', '.join(found)} {word}" + (f" ({codes})" if codes else "")
        for (word, codes), found in names.items()
    ]
