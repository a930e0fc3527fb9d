"""docs/reference/gates.md says what the code says, gate by gate and code by code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from release_tasks.policy.gate import Gate
from release_tasks.policy.gates import GATES
from release_tasks.policy.profiles import PROFILES
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.policy.waivers import WAIVERS_USED
from release_tasks.records.code_table import CODES
from release_tasks.records.gate_code import GateCode
from tests.fakes.gate_controls import CONTROLS

_ROOT = Path(__file__).parents[2]
_TEXT = (_ROOT / "docs/reference/gates.md").read_text("utf-8")


def _codes(gate: Gate) -> str:
    """The codes that a gate can give: those of its controls, and that nothing was declared for it."""
    found = {str(code) for name, _, code in CONTROLS if name == gate.name}
    found |= {str(gate.undeclared)} if gate.undeclared else set()
    return " ".join(f"`{code}`" for code in sorted(found))


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_every_gate_has_its_row_with_codes_evidence_and_control(gate: Gate) -> None:
    begin = f"| `{gate.name}` | {gate.point} | {gate.doc} | `{gate.evidence}` | {_codes(gate)} | "
    row = next((line for line in _TEXT.splitlines() if line.startswith(begin)), "")
    controls = re.findall(r"test_\w+", row.removeprefix(begin))
    assert controls, begin
    for control in controls:
        text = (_ROOT / f"tests/blackbox/{control}.py").read_text("utf-8")
        assert "CONTROLS" in text or any(str(code) in text for name, _, code in CONTROLS if name == gate.name)


@pytest.mark.parametrize("code", CODES, ids=str)
def test_every_code_has_its_row(code: GateCode) -> None:
    info = CODES[code]
    word = "refuses" if info.hard else "warns"
    row = f"| `{code}` | {info.category} | {word} | {info.priority} | {info.recommendation} |"
    assert row in _TEXT


@pytest.mark.parametrize("name", THRESHOLDS)
def test_every_threshold_has_its_row(name: str) -> None:
    threshold = THRESHOLDS[name]
    default = "not in force" if threshold.default is None else f"{threshold.default:g}"
    assert f"| `{name}` | {default} | {threshold.doc} |" in _TEXT


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_has_its_row(name: str) -> None:
    rules = PROFILES[name]
    limits = ", ".join(f"{key} {value:g}" for key, value in rules.thresholds) or "the defaults"
    assert f"| `{name}` | {'on' if rules.strict else 'off'} | {limits} |" in _TEXT


def test_the_reference_names_nothing_that_is_gone() -> None:
    rows = [line.split("`")[1] for line in _TEXT.splitlines() if line.startswith("| `")]
    known = [*(gate.name for gate in GATES), WAIVERS_USED, *map(str, CODES), *THRESHOLDS, *PROFILES]
    assert sorted(rows) == sorted(known)
