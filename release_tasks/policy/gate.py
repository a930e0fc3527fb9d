"""What a gate is: a name that the policy may use, the evidence that it reads, and a pure check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from release_tasks.config.policy import SecretException
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.verdict import Finding, Point


@frozen
class Rules:
    """What a check may ask besides the evidence: limits in force, and the moment at which ages are judged.

    `limits` holds every threshold of `policy.thresholds` by name, None where it is not in force.
    """

    limits: Mapping[str, float | None]
    decided_at: datetime
    mock_patterns: tuple[str, ...] = ()
    exceptions: tuple[SecretException, ...] = ()

    def limit(self, name: str) -> float:
        """A threshold that is always in force; KeyError and TypeError are bugs of the gate."""
        value = self.limits[name]
        if value is None:
            raise TypeError(f"BUG: the threshold {name} has no default")
        return value


Check = Callable[[JSONObject, Rules], Iterable[Finding]]


@frozen
class Gate:
    """One row of the table of gates; `check` looks at the data of one evidence record of its kind at a time.

    `undeclared` is the code for "release.toml asks for no such evidence": the gate is then skipped, and
    refuses when the policy requires it. A gate without it always wants its evidence. `asked` tells of sound
    evidence whether it holds what this gate judges; without it all does.
    """

    name: str
    point: Point
    evidence: str
    check: Check
    doc: str
    undeclared: GateCode | None = None
    asked: Callable[[JSONObject], bool] | None = None


def rows(data: JSONObject, key: str) -> list[JSONObject]:
    """The list of objects under `key`; raises TypeError for anything else.

    A record whose shape is wrong must never read as "nothing found": `decide` refuses it before a gate looks
    at it (policy.evidence_kinds), so KeyError and TypeError here are bugs of the gate.
    """
    value = data[key]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise TypeError(f"BUG: evidence key {key} is not a list of objects")
    return [row for row in value if isinstance(row, dict)]


def part(data: JSONObject, key: str) -> JSONObject:
    """The object under `key`; raises TypeError for anything else, as `rows`."""
    value = data[key]
    if not isinstance(value, dict):
        raise TypeError(f"BUG: evidence key {key} is not an object")
    return value


def part_if_asked(data: JSONObject, key: str) -> JSONObject | None:
    """The object under `key`, None where the measure was not asked for; raises TypeError as `rows`."""
    return None if data[key] is None else part(data, key)


def number(data: JSONObject, key: str) -> float:
    """The number under `key`; raises TypeError for anything else, as `rows`."""
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"BUG: evidence key {key} is not a number")
    return value


def text(value: JSON) -> str:
    """A measured value in words."""
    return "nothing" if value is None else str(value)
