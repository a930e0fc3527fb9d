from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.records.gate_code import CODES, GateCode
from release_tasks.records.verdict import Decision, Finding, GateResult, Mode, Status, Verdict

REASONS = [code for code in GateCode if not code.startswith("PASS")]


def result(status: Status, *codes: GateCode) -> GateResult:
    findings = tuple(Finding(code=code, subject="s", wanted="w", found="f") for code in codes)
    return GateResult(gate="g", hardness="hard", status=status, findings=findings, evidence="e")


def verdict(decision: Decision, *gates: GateResult) -> Verdict:
    return Verdict(point="candidate", decision=decision, profile="p", mode=Mode(), gates=gates)


@given(
    st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(REASONS), min_size=1, max_size=4)), max_size=5)
)
def test_codes_stand_failing_first_then_warnings_then_success(
    gates: list[tuple[bool, list[GateCode]]],
) -> None:
    """P3: sorted within a group, none twice; whatever the order of the gates."""
    results = [result("fail" if fails else "warn", *codes) for fails, codes in gates]
    failing = {code for fails, codes in gates if fails for code in codes}
    warning = {code for _, codes in gates for code in codes} - failing
    decision: Decision = "REJECT" if failing else "PASS_WITH_WARNINGS" if warning else "PASS"
    wanted = [*sorted(failing), *sorted(warning), *([] if failing else [GateCode(decision)])]
    assert list(verdict(decision, *results).codes) == wanted
    assert list(verdict(decision, *results[::-1]).codes) == wanted


def test_a_pass_has_the_one_code_pass() -> None:
    """P6: a pass has gate_codes ["PASS"]."""
    passed = verdict("PASS", result("pass"), result("off"))
    assert passed.codes == (GateCode.PASS,)
    assert passed.to_json()["codes"] == ["PASS"]


@pytest.mark.parametrize(
    ("decision", "accepted"), [("PASS", True), ("PASS_WITH_WARNINGS", True), ("REJECT", False)]
)
def test_only_a_rejection_is_not_accepted(decision: Decision, *, accepted: bool) -> None:
    assert verdict(decision).accepted is accepted


def test_the_record_is_plain_json_and_says_how_the_run_was_asked_for() -> None:
    """K4: a soft result says so in its verdict; B9: every finding is there."""
    gate = result("fail", GateCode.SMOKE_FAILED, GateCode.EVIDENCE_STALE)
    made = Verdict(
        point="candidate",
        decision="REJECT",
        profile="p",
        mode=Mode(soft=True, snapshot=False, strict=True, policy_override=False),
        gates=(gate, result("pass")),
    ).to_json()
    assert json.loads(json.dumps(made)) == made
    assert made["mode"] == {"soft": True, "snapshot": False, "strict": True, "policy_override": False}
    assert made["codes"] == ["EVIDENCE_STALE", "SMOKE_FAILED"]
    assert made["gates"] == [
        {
            "gate": "g",
            "hardness": "hard",
            "status": "fail",
            "evidence": "e",
            "findings": [
                {
                    "code": code,
                    "category": category,
                    "subject": "s",
                    "wanted": "w",
                    "found": "f",
                    "recommendation": CODES[GateCode(code)].recommendation,
                }
                for code, category in (("SMOKE_FAILED", "SMOKE"), ("EVIDENCE_STALE", "EVIDENCE"))
            ],
        },
        {"gate": "g", "hardness": "hard", "status": "pass", "evidence": "e", "findings": []},
    ]
