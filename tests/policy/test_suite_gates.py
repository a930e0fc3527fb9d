"""What the gates of the test suites say, in whole sentences (K10, R11, R27)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from release_tasks.config.policy import Policy
from release_tasks.policy.decide import decide
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import GateResult, Mode
from tests.fakes.gate_cases import DECIDED_AT, case_of, judged
from tests.fakes.gate_controls import change

FAILED = {"id": "test_a::test_b", "mark": "structural", "outcome": "failed", "message": "assert 1 == 2"}
BROKEN = {"id": "test_a::test_c", "mark": "structural", "outcome": "error", "message": "no data"}
ADVICE = {**FAILED, "id": "test_a::test_d", "mark": "heuristic"}
SKIPPED = {"id": "test_a::test_e", "mark": "structural", "reason": "not today"}


def said(result: GateResult) -> list[tuple[str, ...]]:
    return [(f.code, f.subject, f.wanted, f.found) for f in result.findings]


def test_every_structural_failure_is_named_with_its_suite_and_message() -> None:
    found = judged(change("tests/unit", exit_code=1, failed=[FAILED, ADVICE, BROKEN]))
    assert found["tests"].status == "fail"
    assert said(found["tests"]) == [
        ("TESTS_FAILED", "unit: test_a::test_b", "a test that passes", "failed: assert 1 == 2"),
        ("TESTS_FAILED", "unit: test_a::test_c", "a test that passes", "error: no data"),
    ]


def test_of_very_many_failures_the_first_are_named_and_the_rest_is_counted() -> None:
    """A verdict must stay readable: 100,000 findings are more than any reader takes."""
    data = change("tests/unit", exit_code=1, failed=[FAILED] * 1500, skipped=[SKIPPED] * 1001)
    data["tests/unit"]["tests"]["structural"] = 2501
    found = said(judged(data)["tests"])
    assert len(found) == 2002
    assert found[1000] == ("TESTS_FAILED", "[tests.unit]", "tests that pass", "500 more failed, 1500 in all")
    assert found[2001] == ("TESTS_SKIPPED", "[tests.unit]", "tests that run", "1 more skipped, 1001 in all")


def test_k10_a_heuristic_failure_is_a_warning_and_nothing_else() -> None:
    """K10: heuristic failures become warnings in the verdict."""
    found = judged(change("tests/unit", exit_code=1, failed=[ADVICE]))
    assert found["tests"].status == "pass"
    assert found["tests-heuristic"].status == "warn"
    assert said(found["tests-heuristic"]) == [
        ("TESTS_HEURISTIC_FAILED", "unit: test_a::test_d", "a test that passes", "failed: assert 1 == 2")
    ]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"tests": {"structural": 0, "heuristic": 0}, "exit_code": 5}, "no test, exit code 5"),
        ({"tests": {"structural": 0, "heuristic": 0}}, "no test, exit code 0"),
        (
            {"tests": {"structural": 2, "heuristic": 1}, "skipped": [SKIPPED, SKIPPED]},
            "all 2 structural tests skipped, exit code 0",
        ),
        (
            {"tests": {"structural": 0, "heuristic": 1}, "skipped": [{**SKIPPED, "mark": "heuristic"}]},
            "all tests skipped, exit code 0",
        ),
    ],
)
def test_r11_a_suite_of_which_nothing_ran_refuses(values: dict[str, Any], found: str) -> None:
    """R11: zero tests, or all skipped, is a failure; a heuristic that ran does not stand in for the others."""
    result = judged(change("tests/unit", **values))["tests"]
    assert result.status == "fail"
    assert said(result)[0] == ("TESTS_NONE_RAN", "[tests.unit]", "tests that run", found)


def test_a_suite_of_heuristic_tests_alone_may_advise() -> None:
    result = judged(change("tests/unit", tests={"structural": 0, "heuristic": 1}))["tests"]
    assert result.status == "pass"


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ({"exit_code": 2}, ("exit code 0, or a test that failed", "exit code 2")),
        ({"exit_code": 2, "failed": [ADVICE]}, ("exit code 0, or a test that failed", "exit code 2")),
        (
            {"exit_code": 1, "missing": 3, "failed": [ADVICE]},
            ("a result of every test that was collected", "3 without one, exit code 1"),
        ),
    ],
)
def test_an_end_that_the_report_does_not_explain_refuses(
    values: dict[str, Any], finding: tuple[str, str]
) -> None:
    """K10: advice cannot hide that a run broke or stopped early."""
    result = judged(change("tests/unit", **values))["tests"]
    assert result.status == "fail"
    assert said(result) == [("TESTS_COMMAND_FAILED", "[tests.unit]", *finding)]


def decided(changed: dict[str, Any], policy: Policy) -> dict[str, GateResult]:
    verdict = decide(
        "candidate", case_of(changed), policy=policy, profile="default", mode=Mode(), decided_at=DECIDED_AT
    )
    return {result.gate: result for result in verdict.gates}


def test_r27_a_skipped_test_warns_and_refuses_where_tests_are_required() -> None:
    """R27: skipped tests."""
    skipped = change("tests/unit", skipped=[SKIPPED])
    wanted = [("TESTS_SKIPPED", "unit: test_a::test_e", "a test that runs", "skipped: not today")]
    for policy, status in ((Policy(), "warn"), (Policy(required=("tests",)), "fail")):
        result = decided(skipped, policy)["tests"]
        assert (result.status, said(result)) == (status, wanted)


def test_a_suite_that_is_not_declared_is_named() -> None:
    some = change("suites", declared=["unit", "pipeline"])
    wanted = "unit, integration, pipeline, regression"
    for policy, status in ((Policy(), "warn"), (Policy(required=("suites",)), "fail")):
        result = decided(some, policy)["suites"]
        assert result.status == status
        assert said(result) == [("TESTS_SUITE_UNDECLARED", "[tests]", wanted, "no integration, regression")]


def test_r27_no_suite_at_all_skips_the_gates_and_refuses_where_they_are_required() -> None:
    """R27: tests that are left out of release.toml."""
    case = case_of({})
    expected = {name: now for name, now in case.expected.items() if name not in {"tests/unit", "suites"}}
    for policy, status in (
        (Policy(), "skipped"),
        (Policy(required=("tests", "tests-heuristic", "suites")), "fail"),
    ):
        verdict = decide(
            "candidate",
            replace(case, expected=expected),
            policy=policy,
            profile="default",
            mode=Mode(),
            decided_at=DECIDED_AT,
        )
        for result in verdict.gates:
            if result.gate in {"tests", "tests-heuristic", "suites"}:
                assert result.status == status
                assert [finding.code for finding in result.findings] == [GateCode.TESTS_UNDECLARED]
