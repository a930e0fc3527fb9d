"""What a gate is: a name that the policy may use, the evidence that it reads, and a pure check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.verdict import Finding, Point


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One row of the table of gates; `check` looks at the data of the one evidence record it rests on."""

    name: str
    point: Point
    evidence: str
    check: Callable[[JSONObject], Iterable[Finding]]
    doc: str


def rows(data: JSONObject, key: str) -> list[JSONObject]:
    """The list of objects under `key`; raises TypeError for anything else.

    A record whose shape is wrong must never read as "nothing found": `decide` refuses it before a gate looks
    at it (policy.evidence_kinds), so KeyError and TypeError here are bugs of the gate.
    """
    value = data[key]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise TypeError(f"BUG: evidence key {key} is not a list of objects")
    return [row for row in value if isinstance(row, dict)]


def text(value: JSON) -> str:
    """A measured value in words."""
    return "nothing" if value is None else str(value)
