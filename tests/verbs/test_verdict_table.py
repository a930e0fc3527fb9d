from __future__ import annotations

from typing import Any

import pytest

from release_tasks.policy.acceptance import ALL_PASSED
from release_tasks.policy.gates import GATES
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import Finding, GateResult, Hardness, Mode, Status, Verdict, WaivedFinding
from release_tasks.verbs.verdict_table import render_verdict

SMOKE = Finding(
    code=GateCode.SMOKE_FAILED,
    subject="[smoke] command",
    wanted="exit code 0",
    found="smoke ended with exit code 1\nValueError: no weights",
    evidence=".release/records/smoke.json",
)
REGRESSION = Finding(
    code=GateCode.REGRESSION,
    subject="latency/ms_per_token",
    wanted="at most 5 % worse than 10.0",
    found="12.0",
    evidence=".release/records/regression.json",
)


def gate(
    name: str, status: Status, *findings: Finding, hardness: Hardness = "hard", waived: bool = False
) -> GateResult:
    excused = tuple(
        WaivedFinding(finding=item, by="Ada", reason="a slow machine, mended in 1.0.1", expires="2026-12-31")
        for item in findings
    )
    return GateResult(
        gate=name,
        hardness=hardness,
        status=status,
        findings=() if waived else findings,
        evidence=(f".release/records/{name}.json",),
        waived=excused if waived else (),
    )


def undeclared(code: GateCode) -> Finding:
    return Finding(code=code, subject="release.toml", wanted="evidence", found="nothing declared")


GATES_OF_ALL_KINDS = (
    gate("version", "pass"),
    gate("smoke", "fail", SMOKE),
    gate("dataset", "skipped", undeclared(GateCode.DATASET_UNDECLARED)),
    gate("dataset-pii", "skipped", undeclared(GateCode.DATASET_UNDECLARED)),
    gate("lock-inputs", "off", hardness="off"),
    gate("secrets", "off", hardness="off"),
    gate("regression", "waived", REGRESSION, waived=True),
)


def verdict(*gates: GateResult, **mode: Any) -> Verdict:
    failed = any(item.status == "fail" for item in gates)
    return Verdict(
        point="candidate",
        decision="REJECT" if failed else "PASS",
        profile="high_stakes",
        strict=True,
        mode=Mode(**mode),
        gates=gates,
    )


TRUST: dict[str, Any] = {
    "quality_tier": "rejected",
    "confidence": "low",
    "confidence_factors": ["refused: smoke (SMOKE_FAILED)"],
    "should_escalate": True,
    "escalation_priority": 4,
}


def test_the_whole_table() -> None:
    """B3, B5, B9: every gate, every finding with its evidence, why nobody looked, and the summary."""
    text = render_verdict(verdict(*GATES_OF_ALL_KINDS, snapshot=True), TRUST)
    assert text == (
        "gate         hardness  status   evidence\n"
        "version      hard      pass     .release/records/version.json\n"
        "smoke        hard      fail     .release/records/smoke.json\n"
        "  SMOKE_FAILED  [smoke] command\n"
        "    wanted    exit code 0\n"
        "    found     smoke ended with exit code 1\n"
        "              ValueError: no weights\n"
        "    evidence  .release/records/smoke.json\n"
        "    do        read .release/logs/smoke.log\n"
        "dataset      hard      skipped  not declared (DATASET_UNDECLARED): "
        "declare [dataset] with the files that the model was trained on\n"
        "dataset-pii  hard      skipped  not declared, as dataset\n"
        "lock-inputs  off       off      a snapshot is built without a lock\n"
        "secrets      off       off      switched off by the policy\n"
        "regression   hard      waived   .release/records/regression.json\n"
        "  REGRESSION  latency/ms_per_token\n"
        "    wanted    at most 5 % worse than 10.0\n"
        "    found     12.0\n"
        "    evidence  .release/records/regression.json\n"
        "    waived    by Ada until 2026-12-31: a slow machine, mended in 1.0.1\n"
        "    do        find what made it worse, or release it as what it is under a higher limit in release.toml\n"
        "\n"
        "acceptance     shown\n"
        "introspection  no         smoke refused (SMOKE_FAILED)\n"
        "parity         not shown  no gate looks at it\n"
        "performance    no         regression waived (REGRESSION)\n"
        "CI checks      not shown  lock-inputs, secrets switched off\n"
        "\n"
        "decision    REJECT\n"
        "codes       SMOKE_FAILED, WAIVER_APPLIED\n"
        "profile     high_stakes, strict: warnings refuse\n"
        "asked with  --snapshot: this result can never be published\n"
        "tier        rejected, confidence low\n"
        "            refused: smoke (SMOKE_FAILED)\n"
        "escalate    priority 4: retry with fresh data\n"
        "acceptance  incomplete: introspection no, parity not shown, performance no, CI checks not shown\n"
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_terminal_breaks_texts_and_loses_no_word(width: int) -> None:
    judged = verdict(*GATES_OF_ALL_KINDS)
    broken, plain = render_verdict(judged, TRUST, width=width), render_verdict(judged, TRUST)
    assert broken.split() == plain.split()
    longest = max(len(word) for word in plain.split())
    assert all(len(line) <= max(width, 32 + longest) for line in broken.splitlines())
    if width >= 80:
        assert all(len(line) <= width for line in broken.splitlines())


def everything_passed() -> Verdict:
    gates = [gate(item.name, "pass") for item in GATES if item.point == "candidate"]
    return verdict(*gates)


def test_the_last_line_of_a_release_that_shows_everything() -> None:
    """B5: ALL ACCEPTANCE TESTS PASSED is a line of its own, and the last."""
    assert render_verdict(everything_passed()).splitlines()[-1] == ALL_PASSED == "ALL ACCEPTANCE TESTS PASSED"


@pytest.mark.parametrize("name", [item.name for item in GATES if item.point == "candidate"])
def test_the_line_is_never_printed_when_a_gate_refused_or_was_switched_off(name: str) -> None:
    """B5: only when true."""
    everything = everything_passed()
    for other in (gate(name, "fail", SMOKE), gate(name, "off", hardness="off")):
        gates = tuple(other if item.gate == name else item for item in everything.gates)
        assert ALL_PASSED not in render_verdict(verdict(*gates))


def test_without_a_payload_only_the_verdict_is_told() -> None:
    lines = render_verdict(everything_passed()).splitlines()
    assert lines[-4:] == [
        "decision    PASS",
        "codes       PASS",
        "profile     high_stakes, strict: warnings refuse",
        ALL_PASSED,
    ]


def test_a_required_gate_without_its_table_names_no_evidence() -> None:
    required = gate("checkpoint", "fail", undeclared(GateCode.CHECKPOINT_UNDECLARED))
    text = render_verdict(verdict(required))
    assert (
        "  CHECKPOINT_UNDECLARED  release.toml\n"
        "    wanted    evidence\n"
        "    found     nothing declared\n"
        "    do        declare [checkpoint] with record, metric and direction\n"
    ) in text
