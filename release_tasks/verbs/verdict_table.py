"""A verdict for people: every gate with its findings, then the acceptance summary (B3, B5, B9)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from release_tasks.policy.acceptance import ALL_PASSED, Row, acceptance_summary, all_passed
from release_tasks.policy.trust_payload import escalation_words, mode_flags, skipped_gates
from release_tasks.records.code_table import CODES
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.verdict import Finding, GateResult, Mode, Verdict

_FIELD = 10  # width of the names under a finding
_FILES = 3  # of evidence that a row of the acceptance names
_LEFT = 12  # width of the names under the table
_NARROWEST = 20  # columns that a text has at least, however narrow the terminal is


def render_verdict(verdict: Verdict, trust: JSONObject | None = None, *, width: int | None = None) -> str:
    """Every gate, the acceptance summary, the decision; the last line is ALL_PASSED only when that is true.

    `trust` is the payload of the verdict. `width` is that of the terminal, None for no line breaks in texts.
    """
    rows = acceptance_summary(verdict)
    lines = [*_gates(verdict, width), "", *_acceptance(rows, width), "", *_decision(verdict, trust, width)]
    if all_passed(verdict, rows):
        lines.append(ALL_PASSED)
    else:
        lines += _wrapped(f"{'acceptance':<{_LEFT}}", _missing(rows), width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _wrapped(head: str, text: str, width: int | None) -> Iterator[str]:
    """A name and its text; what does not fit goes on under the text, and words are never cut."""
    if width is None:
        yield head + text
        return
    room = max(width - len(head), _NARROWEST)
    parts = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield head + parts[0]
    yield from (" " * len(head) + part for part in parts[1:])


def _gates(verdict: Verdict, width: int | None) -> Iterator[str]:
    left = max((len(gate.gate) for gate in verdict.gates), default=0) + 2
    yield f"{'gate':<{left}}hardness  status   evidence"
    first = {code: gates[0] for code, gates in skipped_gates(verdict.gates).items()}
    for gate in verdict.gates:
        head = f"{gate.gate:<{left}}{gate.hardness:<10}{gate.status:<9}"
        yield from _wrapped(head, _why(gate, verdict.mode, first) or ", ".join(gate.evidence), width)
        if gate.status == "skipped":
            continue
        for finding in gate.findings:
            yield from _finding(finding, (), width)
        for item in gate.waived:
            waived = ("waived", f"by {item.by} until {item.expires}: {item.reason}")
            yield from _finding(item.finding, (waived,), width)


def _why(gate: GateResult, mode: Mode, first: Mapping[GateCode, str]) -> str | None:
    """Why nobody looked; None for a gate that was judged. `first` is the gate that says a reason in full."""
    if gate.status == "off":
        by_snapshot = mode.snapshot and gate.gate.startswith("lock-")
        return "a snapshot is built without a lock" if by_snapshot else "switched off by the policy"
    if gate.status == "skipped":
        code = gate.findings[0].code
        if first.get(code, gate.gate) != gate.gate:
            return f"not declared, as {first[code]}"
        return f"not declared ({code}): {CODES[code].recommendation}"
    return None


def _finding(finding: Finding, more: tuple[tuple[str, str], ...], width: int | None) -> Iterator[str]:
    yield from _wrapped(f"  {finding.code}  ", finding.subject, width)
    fields = (("wanted", finding.wanted), ("found", finding.found), ("evidence", finding.evidence))
    for name, text in (*fields, *more, ("do", CODES[finding.code].recommendation)):
        if not text:  # what is not declared has no evidence
            continue
        for index, line in enumerate(text.splitlines() or [""]):
            yield from _wrapped(f"    {name if index == 0 else '':<{_FIELD}}", line, width)


def _acceptance(rows: Sequence[Row], width: int | None) -> Iterator[str]:
    left = max(len(row.name) for row in rows) + 2
    yield f"{'acceptance':<{left}}shown"
    yield from row_lines(rows, left=left, width=width)


def row_lines(rows: Sequence[Row], *, left: int, width: int | None = None) -> Iterator[str]:
    """One entry for each row: whether it is shown, and what says or hinders that."""
    for row in rows:
        text = "; ".join(row.against) if row.shown != "yes" else _few(row.evidence)
        yield from _wrapped(f"{row.name:<{left}}{row.shown:<11}", text, width)


def _few(files: Sequence[str]) -> str:
    """Name a few of the files; the gates above name them all."""
    shown = ", ".join(files[:_FILES])
    return shown if len(files) <= _FILES else f"{shown} and {len(files) - _FILES} more"


def _decision(verdict: Verdict, trust: JSONObject | None, width: int | None) -> Iterator[str]:
    strict = ", strict: warnings refuse" if verdict.strict else ""
    pairs = [("decision", verdict.decision), ("codes", ", ".join(verdict.codes))]
    pairs.append(("profile", f"{verdict.profile}{strict}"))
    if flags := mode_flags(verdict.mode):
        pairs.append(("asked with", f"{', '.join(flags)}: this result can never be published"))
    if trust is not None:
        pairs.append(("tier", f"{trust['quality_tier']}, confidence {trust['confidence']}"))
        pairs += [("", text) for text in _texts(trust["confidence_factors"])]
        if trust["should_escalate"] is True and isinstance(trust["escalation_priority"], int):
            priority = trust["escalation_priority"]
            pairs.append(("escalate", f"priority {priority}: {escalation_words(priority)}"))
    for name, text in pairs:
        yield from _wrapped(f"{name:<{_LEFT}}", text, width)


def _texts(value: JSON) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _missing(rows: Sequence[Row]) -> str:
    """Name the rows that are not shown by evidence that passed."""
    missing = [f"{row.name} {row.shown}" for row in rows if row.shown != "yes"]
    return "incomplete: " + (", ".join(missing) or "the verdict refuses")
