"""docs/reference/gates.md says what the code says, gate by gate and code by code."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.policy.gate import Gate
from release_tasks.policy.gates import GATES
from release_tasks.records.gate_code import CODES, GateCode

_TEXT = (Path(__file__).parents[2] / "docs/reference/gates.md").read_text("utf-8")


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_every_gate_has_its_row(gate: Gate) -> None:
    assert f"| `{gate.name}` | {gate.point} | {gate.doc} | `{gate.evidence}` |" in _TEXT


@pytest.mark.parametrize("code", CODES, ids=str)
def test_every_code_has_its_row(code: GateCode) -> None:
    info = CODES[code]
    word = "refuses" if info.hard else "warns"
    assert f"| `{code}` | {info.category} | {word} | {info.recommendation} |" in _TEXT


def test_the_reference_names_nothing_that_is_gone() -> None:
    rows = [line.split("`")[1] for line in _TEXT.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted([*(gate.name for gate in GATES), *map(str, CODES)])
