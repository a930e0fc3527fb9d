from __future__ import annotations

from dataclasses import replace

import pytest

from release_tasks.policy.acceptance import (
    LOOKS_AT,
    Row,
    acceptance_summary,
    acceptance_table,
    all_passed,
)
from release_tasks.policy.gates import GATES
from release_tasks.records.digest import sha256
from release_tasks.records.gate_code import Category, GateCode
from release_tasks.records.verdict import Finding, GateResult, Mode, Status, Verdict, WaivedFinding

ROOT = sha256("a" * 64)


def finding(code: GateCode) -> Finding:
    return Finding(code=code, subject="s", wanted="w", found="f", evidence="e")


def verdict(**changed: GateResult) -> Verdict:
    """Every candidate gate passes but those that are given, by name with _ for -."""
    results = {
        gate.name: GateResult(
            gate=gate.name,
            hardness="hard",
            status="pass",
            findings=(),
            evidence=(f".release/records/{gate.evidence}.json",),
        )
        for gate in GATES
        if gate.point == "candidate"
    }
    results |= {name.replace("_", "-"): result for name, result in changed.items()}
    failed = any(result.status == "fail" for result in results.values())
    return Verdict(
        point="candidate",
        decision="REJECT" if failed else "PASS",
        profile="default",
        strict=False,
        mode=Mode(),
        gates=tuple(results.values()),
    )


def gate(name: str, status: Status, *codes: GateCode) -> GateResult:
    findings = tuple(map(finding, codes))
    waived: tuple[WaivedFinding, ...] = ()
    if status == "waived":
        waived = tuple(
            WaivedFinding(finding=item, by="Ada", reason="r", expires="2099-12-31") for item in findings
        )
        findings = ()
    return GateResult(
        gate=name, hardness="hard", status=status, findings=findings, evidence=("e",), waived=waived
    )


def shown(verdict: Verdict) -> dict[str, str]:
    return {row.name: row.shown for row in acceptance_summary(verdict)}


def test_when_every_gate_passed_every_row_is_shown() -> None:
    """B5: the four rows, and the one line is true."""
    rows = acceptance_summary(verdict())
    assert [row.name for row in rows] == ["introspection", "parity", "performance", "CI checks"]
    assert {row.shown for row in rows} == {"yes"}
    assert all(row.evidence and not row.against for row in rows)
    assert rows[0].evidence == ("evidence/artifacts.json", "evidence/smoke.json")
    assert all_passed(verdict(), rows)


@pytest.mark.parametrize(
    ("row", "name", "code"),
    [
        ("introspection", "smoke", GateCode.SMOKE_FAILED),
        ("introspection", "weights", GateCode.WEIGHTS_INVALID),
        ("parity", "parity", GateCode.PARITY_FAILED),
        ("parity", "parity-coverage", GateCode.PARITY_UNDECLARED),
        ("performance", "targets", GateCode.BENCH_TARGET_MISSED),
        ("performance", "regression", GateCode.REGRESSION),
        ("CI checks", "tests", GateCode.TESTS_FAILED),
        ("CI checks", "secrets", GateCode.SECRET_FOUND),
        ("CI checks", "lock-inputs", GateCode.LOCK_INPUTS_CHANGED),
    ],
)
@pytest.mark.parametrize("status", ["fail", "warn", "waived"])
def test_a_finding_that_would_refuse_speaks_against_its_row(
    row: str, name: str, code: GateCode, status: Status
) -> None:
    """B5: softened or waived, the test has not passed, and the line is not printed."""
    judged = verdict(**{name.replace("-", "_"): gate(name, status, code)})
    rows = acceptance_summary(judged)
    assert shown(judged) == {**dict.fromkeys(shown(verdict()), "yes"), row: "no"}
    assert not all_passed(judged, rows)
    word = {"fail": "refused", "warn": "warned", "waived": "waived"}[status]
    assert next(item for item in rows if item.name == row).against == (f"{name} {word} ({code})",)


@pytest.mark.parametrize(
    ("row", "name", "code"),
    [
        ("introspection", "smoke", GateCode.SMOKE_LOAD_ONLY),
        ("CI checks", "tests", GateCode.TESTS_SKIPPED),
        ("CI checks", "suites", GateCode.TESTS_SUITE_UNDECLARED),
    ],
)
def test_what_was_not_done_is_not_shown(row: str, name: str, code: GateCode) -> None:
    judged = verdict(**{name: gate(name, "warn", code)})
    assert shown(judged)[row] == "not shown"
    assert not all_passed(judged, acceptance_summary(judged))


def test_an_advice_does_not_hinder() -> None:
    """B9: warnings do not block."""
    judged = verdict(todo=gate("todo", "warn", GateCode.TODO_FOUND))
    assert set(shown(judged).values()) == {"yes"}
    assert all_passed(judged, acceptance_summary(judged))


def test_gates_that_were_skipped_together_are_named_together() -> None:
    names = ("bench", "targets", "regression")
    judged = verdict(**{name: gate(name, "skipped", GateCode.BENCH_UNDECLARED) for name in names})
    performance = acceptance_summary(judged)[2]
    assert (performance.shown, performance.evidence) == ("not shown", ())
    assert performance.against == ("bench, targets, regression not declared (BENCH_UNDECLARED)",)


def test_an_option_that_nobody_declared_hinders_no_row_but_a_gate_that_is_off_does() -> None:
    undeclared = verdict(checkpoint=gate("checkpoint", "skipped", GateCode.CHECKPOINT_UNDECLARED))
    assert set(shown(undeclared).values()) == {"yes"}
    off = verdict(secrets=replace(gate("secrets", "off"), hardness="off"))
    assert shown(off)["CI checks"] == "not shown"
    assert acceptance_summary(off)[3].against == ("secrets switched off",)


def test_a_refusal_anywhere_keeps_the_line_back() -> None:
    assert not all_passed(replace(verdict(), decision="REJECT"), acceptance_summary(verdict()))
    assert not all_passed(verdict(), ())


def test_without_a_gate_a_row_is_not_shown() -> None:
    rows = acceptance_summary(replace(verdict(), gates=()))
    assert {(row.shown, row.against) for row in rows} == {("not shown", ("no gate looks at it",))}


def test_the_table_of_r28_never_claims_that_a_candidate_is_reproducible() -> None:
    """R28: six statements; reproducible wants a rebuild report."""
    rows = acceptance_table(verdict(), root=ROOT)
    assert {row.name: row.shown for row in rows} == {
        "reproducible": "not shown",
        "tested": "yes",
        "benchmarked": "yes",
        "versioned": "yes",
        "packaged": "yes",
        "validated": "yes",
    }
    assert rows[0].to_json() == {
        "row": "reproducible",
        "status": "not shown",
        "evidence": [],
        "against": ["no rebuild report"],
    }
    assert rows[4].evidence == ("MANIFEST.json", f"root {ROOT}")


@pytest.mark.parametrize(
    ("row", "name", "code"),
    [
        ("tested", "tests", GateCode.TESTS_FAILED),
        ("benchmarked", "targets", GateCode.BENCH_TARGET_MISSED),
        ("versioned", "lock-tokenizer", GateCode.TOKENIZER_VERSION_REUSED),
        ("versioned", "lock-outputs", GateCode.LOCK_OUTPUTS_CHANGED),
        ("validated", "dataset", GateCode.DATASET_EMPTY),
        ("validated", "parity", GateCode.PARITY_FAILED),
    ],
)
def test_each_row_of_r28_stands_on_its_gates(row: str, name: str, code: GateCode) -> None:
    judged = verdict(**{name.replace("-", "_"): gate(name, "warn", code)})
    table = {item.name: item.shown for item in acceptance_table(judged, root=ROOT)}
    assert {name for name, state in table.items() if state == "no"} == {row}


def test_every_gate_counts_in_both_tables() -> None:
    """Nothing that a gate finds is left out of the summary or, but for tests and benchmarks, of `validated`."""
    for candidate in (item for item in GATES if item.point == "candidate"):
        failing = verdict(
            **{candidate.name.replace("-", "_"): gate(candidate.name, "fail", GateCode.EVIDENCE_MISSING)}
        )
        assert list(shown(failing).values()).count("no") == 1, candidate.name
        rows = acceptance_table(failing, root=ROOT)
        assert [row.shown for row in rows].count("no") == 1, candidate.name
    assert {Category.TESTS, Category.PARITY, Category.BENCH} <= set(LOOKS_AT.values())


def test_a_row_is_plain_json() -> None:
    row = Row(name="tested", shown="no", evidence=("a",), against=("b",))
    assert row.to_json() == {"row": "tested", "status": "no", "evidence": ["a"], "against": ["b"]}
