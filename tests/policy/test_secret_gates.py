"""K7 and K8: exceptions are exact, and one that matches nothing is reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from release_tasks.config.policy import Policy, SecretException
from release_tasks.policy.decide import decide, judge_again
from release_tasks.records.evidence import Evidence
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import GateResult, Mode
from tests.fakes.gate_cases import DECIDED_AT, EVIDENCE, SAMPLE, case_of
from tests.fakes.gate_controls import change

HIT = SAMPLE["secrets"]["secrets"][0]
EXACT = SecretException(
    path=HIT["path"],
    rule=HIT["rule"],
    fingerprint=HIT["fingerprint"].removeprefix("sha256:"),
    reason="an example",
)


def judged(evidence: dict[str, Any], policy: Policy, mode: Mode | None = None) -> GateResult:
    verdict = decide(
        "candidate",
        case_of(evidence),
        policy=policy,
        profile="default",
        mode=mode or Mode(),
        decided_at=DECIDED_AT,
    )
    return next(gate for gate in verdict.gates if gate.gate == "secrets")


def codes(result: GateResult) -> list[GateCode]:
    return [finding.code for finding in result.findings]


FOUND = change("secrets", secrets=[HIT])


def test_the_exact_exception_excuses_the_finding() -> None:
    assert judged(FOUND, Policy(exceptions=(EXACT,))).status == "pass"


@pytest.mark.parametrize(
    "other",
    [{"path": "other.json"}, {"rule": "Private Key"}, {"fingerprint": "0" * 64}, {"path": "config.jso?"}],
)
def test_an_exception_that_differs_in_anything_excuses_nothing(other: dict[str, str]) -> None:
    result = judged(FOUND, Policy(exceptions=(replace(EXACT, **other),)))
    assert result.status == "fail"
    assert codes(result) == [GateCode.SECRET_FOUND, GateCode.SECRET_EXCEPTION_UNUSED]


def test_a_finding_tells_place_rule_and_fingerprint() -> None:
    (finding,) = judged(FOUND, Policy()).findings
    assert (finding.subject, finding.wanted, finding.found) == (
        "config.json:3",
        "no secret",
        f"AWS Access Key, fingerprint {'e' * 64}",
    )


def test_an_unused_exception_warns() -> None:
    result = judged({}, Policy(exceptions=(EXACT,)))
    assert (result.status, codes(result)) == ("warn", [GateCode.SECRET_EXCEPTION_UNUSED])
    (finding,) = result.findings
    assert (finding.subject, finding.found) == (
        "config.json",
        f"none of AWS Access Key, fingerprint {'e' * 64}",
    )


@pytest.mark.parametrize("path", ["evidence/smoke.json", "README.txt", "metadata.json", "docs/MODEL_CARD.md"])
def test_an_exception_for_what_packaging_writes_is_judged_when_that_was_scanned(path: str) -> None:
    policy = Policy(exceptions=(replace(EXACT, path=path),))
    assert judged({}, policy).status == "pass"
    staged = change("secrets", scanned=["MANIFEST.json", "config.json"])
    assert codes(judged(staged, policy)) == [GateCode.SECRET_EXCEPTION_UNUSED]


def test_a_scanner_that_missed_its_planted_secret_has_not_scanned() -> None:
    scanner = {**EVIDENCE["secrets"]["scanners"][0], "missed": ["Private Key", "GitHub Token"]}
    (finding,) = judged(change("secrets", scanners=[scanner]), Policy()).findings
    assert (finding.code, finding.subject, finding.wanted, finding.found) == (
        GateCode.SECRETS_NOT_SCANNED,
        "detect-secrets 1.5.0",
        "every planted secret found",
        "missed: Private Key, GitHub Token",
    )


def test_modes_that_no_system_has_are_no_finding() -> None:
    """On Windows modes are not looked at, and the evidence says so by null."""
    verdict = decide(
        "candidate",
        case_of(change("secrets", modes=None)),
        policy=Policy(),
        profile="default",
        mode=Mode(),
        decided_at=DECIDED_AT,
    )
    assert next(gate for gate in verdict.gates if gate.gate == "file-modes").status == "pass"


@pytest.mark.parametrize(
    ("policy", "mode", "status"),
    [
        (Policy(), Mode(), "fail"),
        (Policy(gates=(("secrets", "soft"),)), Mode(), "warn"),
        (Policy(gates=(("secrets", "off"),)), Mode(), "off"),
        (Policy(soft_allowed=("secrets",)), Mode(soft=True), "warn"),
        (Policy(), Mode(soft=True), "fail"),
        (Policy(gates=(("secrets", "soft"),)), Mode(strict=True), "fail"),
        (Policy(exceptions=(EXACT,)), Mode(), "pass"),
    ],
)
def test_packaged_bytes_are_judged_under_the_same_rules(policy: Policy, mode: Mode, status: str) -> None:
    evidence = Evidence(kind="secrets", subjects=(), data={**EVIDENCE["secrets"], "secrets": [HIT]})
    (result,) = judge_again(
        evidence,
        ("secrets",),
        policy=policy,
        profile="default",
        mode=mode,
        decided_at=DECIDED_AT,
        file="MANIFEST.json",
    )
    assert (result.status, result.evidence) == (status, ("MANIFEST.json",))
    assert {finding.evidence for finding in result.findings} <= {"MANIFEST.json"}
