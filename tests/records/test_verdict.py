from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.code_table import CODES
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import (
    DECISIONS,
    HARDNESSES,
    POINTS,
    STATUSES,
    Decision,
    Finding,
    GateResult,
    Mode,
    Status,
    Verdict,
    WaivedFinding,
    verdict_from_json,
)

REASONS = [code for code in GateCode if not code.startswith("PASS")]


def result(status: Status, *codes: GateCode) -> GateResult:
    findings = tuple(Finding(code=code, subject="s", wanted="w", found="f", evidence="e") for code in codes)
    return GateResult(gate="g", hardness="hard", status=status, findings=findings, evidence=("e",))


def verdict(decision: Decision, *gates: GateResult) -> Verdict:
    return Verdict(point="candidate", decision=decision, profile="p", strict=False, mode=Mode(), gates=gates)


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
        strict=True,
        mode=Mode(soft=True, snapshot=False, strict=True, policy_override=False, profile_override=True),
        gates=(gate, result("pass")),
    ).to_json()
    assert json.loads(json.dumps(made)) == made
    assert made["mode"] == {
        "soft": True,
        "snapshot": False,
        "strict": True,
        "policy_override": False,
        "profile_override": True,
        "experimental": False,
    }
    assert made["strict"] is True
    assert made["codes"] == ["EVIDENCE_STALE", "SMOKE_FAILED"]
    assert made["gates"] == [
        {
            "gate": "g",
            "hardness": "hard",
            "status": "fail",
            "evidence": ["e"],
            "findings": [
                {
                    "code": code,
                    "category": category,
                    "subject": "s",
                    "wanted": "w",
                    "found": "f",
                    "evidence": "e",
                    "recommendation": CODES[GateCode(code)].recommendation,
                }
                for code, category in (("SMOKE_FAILED", "SMOKE"), ("EVIDENCE_STALE", "EVIDENCE"))
            ],
            "waived": [],
        },
        {
            "gate": "g",
            "hardness": "hard",
            "status": "pass",
            "evidence": ["e"],
            "findings": [],
            "waived": [],
        },
    ]


def test_a_waived_finding_warns_with_a_code_of_its_own() -> None:
    """P3: what somebody answers for is among the warnings, and the decision says so."""
    item = WaivedFinding(
        finding=result("warn", GateCode.REGRESSION).findings[0],
        by="Ada",
        reason="known",
        expires="2099-12-31",
    )
    waived = GateResult(
        gate="g", hardness="hard", status="waived", findings=(), evidence=("e",), waived=(item,)
    )
    made = verdict("PASS_WITH_WARNINGS", waived)
    assert made.codes == (GateCode.WAIVER_APPLIED, GateCode.PASS_WITH_WARNINGS)
    assert made.to_json()["gates"][0]["waived"] == [  # type: ignore[index, call-overload]
        {
            "code": "REGRESSION",
            "category": "BENCH",
            "subject": "s",
            "wanted": "w",
            "found": "f",
            "evidence": "e",
            "recommendation": CODES[GateCode.REGRESSION].recommendation,
            "by": "Ada",
            "reason": "known",
            "expires": "2099-12-31",
        }
    ]


WORD = st.text(max_size=5)
FINDING = st.builds(
    Finding, code=st.sampled_from(REASONS), subject=WORD, wanted=WORD, found=WORD, evidence=WORD
)
WAIVED = st.builds(WaivedFinding, finding=FINDING, by=WORD, reason=WORD, expires=WORD)
RESULTS = st.builds(
    GateResult,
    gate=WORD,
    hardness=st.sampled_from(HARDNESSES),
    status=st.sampled_from(STATUSES),
    findings=st.lists(FINDING, max_size=2).map(tuple),
    evidence=st.lists(WORD, max_size=2).map(tuple),
    waived=st.lists(WAIVED, max_size=2).map(tuple),
)
VERDICTS = st.builds(
    Verdict,
    point=st.sampled_from(POINTS),
    decision=st.sampled_from(DECISIONS),
    profile=WORD,
    strict=st.booleans(),
    mode=st.builds(Mode, soft=st.booleans(), strict=st.sampled_from([None, True, False])),
    gates=st.lists(RESULTS, max_size=3).map(tuple),
)


@given(VERDICTS)
def test_a_verdict_that_was_written_is_read_back(made: Verdict) -> None:
    data = dump_canonical(made.to_json())
    assert verdict_from_json(parse_canonical(data), where="v") == made


def bent(**changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = verdict("REJECT", result("fail", GateCode.SMOKE_FAILED)).to_json()
    return {**made, **changed}


GATE: dict[str, Any] = bent()["gates"][0]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "TypeError: NoneType in the place of an object"),
        ([], "TypeError: list in the place of an object"),
        ({}, "KeyError: 'point'"),
        (bent(more=1), "another order, or other keys"),
        (bent(schema_version=2), "another order, or other keys"),
        (bent(codes=[]), "another order, or other keys"),
        (bent(decision="MAYBE"), "ValueError: 'MAYBE' is none of PASS, PASS_WITH_WARNINGS, REJECT"),
        (bent(point=None), "ValueError: None is none of candidate, seal"),
        (bent(strict="no"), "another order, or other keys"),
        (bent(gates={}), "TypeError: dict in the place of a list"),
        (bent(gates=[{**GATE, "status": "good"}]), "ValueError: 'good' is none of pass, warn, fail, off, skipped, waived"),
        (bent(gates=[{**GATE, "findings": [{"code": "NEW_CODE"}]}]), "ValueError: 'NEW_CODE' is not a valid GateCode"),
    ],
)  # fmt: skip
def test_anything_else_is_no_verdict(value: Any, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        verdict_from_json(value, where="verdict.json")
    assert str(caught.value) == (
        "not a verdict of this version\n"
        "  wanted: schema_version 1 and the keys of verdict.schema.json\n"
        f"  found:  {found}\n"
        "  where:  verdict.json\n"
        "  hint:   run 'doit release'"
    )
