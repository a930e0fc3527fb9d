from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from release_tasks.config.policy import Policy, ProfileRules
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS
from release_tasks.policy.evidence_shape import misfits
from release_tasks.policy.gates import DEFAULT_POLICY, GATES, KNOWN_GATES
from release_tasks.policy.waivers import WAIVERS_USED
from release_tasks.records.code_table import CODES
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import Evidence, evidence_path, kind_of
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import GateResult, Hardness, Mode, Point
from tests.fakes.gate_cases import EVIDENCE, NOW, SAMPLE, case_of, decided, judged
from tests.fakes.gate_controls import CONTROLS, DIFFERENCE, change
from tests.fakes.json_bends import Path, at, places, replaced, without

POINTS: tuple[Point, ...] = ("candidate", "seal")
BOUND = sorted(name for name, subjects in case_of({}).expected.items() if subjects)


def flaws(name: str, data: Any) -> list[Any]:
    return list(misfits(data, EVIDENCE_KINDS[kind_of(name)].fields))


def resting_on(name: str) -> set[str]:
    return {gate.name for gate in GATES if gate.evidence == kind_of(name)}


def codes_of(result: GateResult) -> list[GateCode]:
    return [finding.code for finding in result.findings]


def keys(name: str) -> list[Path]:
    """Find every key of the `SAMPLE` of a record, which has a row in every list; list items are none."""
    found = [path for path in places(SAMPLE[name]) if isinstance(path[-1], str)]
    assert found
    return found


# A record is walked within one test: the place that fails stands in the assertion.
every_record = pytest.mark.parametrize("name", sorted(SAMPLE))


@every_record
def test_a_measurement_that_is_missing_refuses_without_a_traceback(name: str) -> None:
    """No evidence is never good evidence: every single key is dropped in turn."""
    for path in keys(name):
        bent = without(SAMPLE[name], path)
        if not flaws(name, bent):
            assert isinstance(at(SAMPLE[name], path[:-1]), dict), path  # a mapping whose keys are free
            continue
        result = judged({name: bent})
        for gate in resting_on(name):
            found = result[gate]
            assert found.status == "fail", (path, gate)
            assert codes_of(found) == [GateCode.EVIDENCE_INVALID], (path, gate)
            assert found.findings[0].found == "no such key", (path, gate)
            assert found.findings[0].subject.startswith(f"{name}: "), (path, gate)
            assert found.findings[0].subject.endswith(str(path[-1])), (path, gate)


@every_record
@pytest.mark.parametrize("value", [math.nan, math.inf], ids=repr)
def test_what_is_not_finite_never_passes(name: str, value: float) -> None:
    for path in keys(name):
        result = judged({name: replaced(SAMPLE[name], path, value)})
        for gate in resting_on(name):
            assert result[gate].status == "fail", (path, gate)
            assert set(codes_of(result[gate])) == {GateCode.EVIDENCE_INVALID}, (path, gate)


@every_record
def test_a_measurement_of_another_type_is_none(name: str) -> None:
    for path in keys(name):
        kind = type(at(SAMPLE[name], path))
        others = [value for value in ({}, [], "x", 0.5, -1, True, None) if type(value) is not kind]
        assert any(flaws(name, replaced(SAMPLE[name], path, value)) for value in others), path


@pytest.mark.parametrize("name", sorted(EVIDENCE))
def test_a_measurement_that_nobody_knows_refuses(name: str) -> None:
    """Nothing in evidence is decoration."""
    result = judged({name: {**EVIDENCE[name], "more": 1}})
    for gate in resting_on(name):
        assert result[gate].status == "fail"
        assert [(finding.subject, finding.wanted) for finding in result[gate].findings] == [
            (f"{name}: more", "no such key")
        ]


def test_every_flag_decides_something() -> None:
    sound = judged({})
    flags = [
        (name, path)
        for name, record in sorted(EVIDENCE.items())
        for path in places(record)
        if isinstance(at(record, path), bool)
    ]
    idle = []
    for name, path in flags:
        flipped = replaced(EVIDENCE[name], path, not at(EVIDENCE[name], path))
        if judged({name: flipped}) == sound:
            idle.append((name, path))
    assert (idle, len(flags) > 20) == ([], True)


def test_the_evidence_of_a_sound_release_passes_every_gate() -> None:
    assert [name for name, result in judged({}).items() if result.status != "pass"] == []
    for point in POINTS:
        verdict = decided({}, point=point)
        assert (verdict.decision, verdict.codes) == ("PASS", (GateCode.PASS,))


@pytest.mark.parametrize(("gate", "evidence", "code"), CONTROLS, ids=[f"{c[0]}-{c[2]}" for c in CONTROLS])
def test_positive_controls(gate: str, evidence: dict[str, Any], code: GateCode) -> None:
    found = judged(evidence)[gate]
    assert codes_of(found) == [code]
    assert found.status == ("fail" if CODES[code].hard else "warn")
    assert all(finding.subject and finding.wanted and finding.found for finding in found.findings)
    assert all(finding.evidence in found.evidence for finding in found.findings)


def test_every_gate_has_a_positive_control() -> None:
    assert {gate for gate, _, _ in CONTROLS} == {gate.name for gate in GATES}


# Those that need more than evidence to be said: each has a test here or in test_decide.
OF_DECIDE = {
    GateCode.EVIDENCE_MISSING,
    GateCode.EVIDENCE_STALE,
    GateCode.EVIDENCE_INVALID,
    GateCode.EVIDENCE_MOCK,
    GateCode.CONFIG_INCOMPLETE,
    GateCode.SECRET_EXCEPTION_UNUSED,  # wants a policy with an exception
    GateCode.WAIVER_APPLIED,
    GateCode.WAIVER_EXPIRED,
    GateCode.WAIVER_UNUSED,
}


@pytest.mark.parametrize("code", [code for code in GateCode if not code.startswith("PASS")])
def test_every_code_is_emitted_by_a_gate(code: GateCode) -> None:
    """P2: the enum holds nothing that no gate can say."""
    undeclared = {gate.undeclared for gate in GATES}
    assert code in OF_DECIDE | undeclared | {code for _, _, code in CONTROLS}


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_every_gate_stands_on_a_kind_of_evidence_with_a_shape(gate: Any) -> None:
    kind = EVIDENCE_KINDS[gate.evidence]
    records = [name for name in EVIDENCE if kind_of(name) == gate.evidence]
    assert records
    for name in records:
        assert set(kind.fields) == set(EVIDENCE[name])
        assert kind.many == (name != gate.evidence)
        assert not kind.many or EVIDENCE[name]["name"] == name.partition("/")[2]
    assert gate.doc.endswith(".")
    assert gate.point in POINTS


@pytest.mark.parametrize("name", sorted(EVIDENCE))
def test_missing_evidence_refuses_every_gate_that_rests_on_it(name: str) -> None:
    case = case_of({})
    without = replace(case, evidence={key: item for key, item in case.evidence.items() if key != name})
    for point in POINTS:
        for result in decided(without, point=point).gates:
            rests = result.gate in resting_on(name)
            assert codes_of(result) == ([GateCode.EVIDENCE_MISSING] if rests else [])
            assert result.status == ("fail" if rests else "pass")
            assert [finding.evidence for finding in result.findings] == [evidence_path(name)] * rests


def found_in_smoke(evidence: Evidence) -> list[tuple[GateCode, str, str, str]]:
    case = case_of({})
    verdict = decided(replace(case, evidence={**case.evidence, "smoke": evidence}))
    (result,) = (gate for gate in verdict.gates if gate.gate == "smoke")
    return [(item.code, item.subject, item.wanted, item.found) for item in result.findings]


def test_a_record_of_another_kind_in_its_place_refuses() -> None:
    swapped = replace(case_of({}).evidence["smoke"], kind="quality")
    assert found_in_smoke(swapped) == [(GateCode.EVIDENCE_INVALID, "smoke: kind", "smoke", "quality")]


STALE: dict[str, tuple[tuple[str, Digest], ...]] = {
    "other bytes": (("model", sha256("2" * 64)), ("tokenizer", NOW["tokenizer"])),
    "a file that is gone": (*NOW.items(), ("old", sha256("3" * 64))),
    "one artifact left out": (("model", NOW["model"]),),
    "nothing at all": (),
}


@pytest.mark.parametrize("name", BOUND)
@pytest.mark.parametrize("subjects", STALE.values(), ids=STALE)
def test_evidence_about_other_bytes_is_stale(name: str, subjects: Any) -> None:
    """Design §4: evidence is bound to the digests of all that it speaks of; what it leaves out was not measured."""
    case = case_of({})
    stale = replace(case.evidence[name], subjects=subjects)
    for result in decided(replace(case, evidence={**case.evidence, name: stale})).gates:
        rests = result.gate in resting_on(name)
        assert set(codes_of(result)) == ({GateCode.EVIDENCE_STALE} if rests else set())
        assert result.status == ("fail" if rests else "pass")


def test_stale_evidence_names_both_digests() -> None:
    old = Evidence(kind="smoke", subjects=STALE["other bytes"], data=EVIDENCE["smoke"])
    wanted = f"evidence about {NOW['model'].short}"
    assert found_in_smoke(old) == [
        (GateCode.EVIDENCE_STALE, "model", wanted, "evidence about 2222222222222222")
    ]


def test_every_failing_gate_is_listed_with_every_finding() -> None:
    """B9: not only the first."""
    several = {
        **change("frozen-inputs", differences=[DIFFERENCE, {**DIFFERENCE, "name": "b"}]),
        **change("smoke", ended_well=False, problem="dead"),
        **change("artifacts", missing=[{"role": "config"}], pickles=[{"path": "m", "problem": "p"}]),
    }
    verdict = decided(several)
    failing = {gate.gate: len(gate.findings) for gate in verdict.gates if gate.status == "fail"}
    assert failing == {"lock-inputs": 2, "contract": 1, "self-contained": 1, "smoke": 1}
    assert verdict.decision == "REJECT"
    assert verdict.codes == tuple(sorted(verdict.codes))
    candidate = [gate.name for gate in GATES if gate.point == "candidate"]
    assert [gate.gate for gate in verdict.gates] == [*candidate, WAIVERS_USED]


BAD_SMOKE = change("smoke", ended_well=False, problem="dead")
LOAD_ONLY = change("smoke", ran=False)


@pytest.mark.parametrize(
    ("hardness", "soft_allowed", "mode", "evidence", "status", "decision"),
    [
        (None, (), Mode(), BAD_SMOKE, "fail", "REJECT"),  # K2: an unlisted gate is hard
        ("hard", (), Mode(), BAD_SMOKE, "fail", "REJECT"),
        ("soft", (), Mode(), BAD_SMOKE, "warn", "PASS_WITH_WARNINGS"),
        ("off", (), Mode(), BAD_SMOKE, "off", "PASS"),
        ("hard", (), Mode(soft=True), BAD_SMOKE, "fail", "REJECT"),  # K4: not in soft_allowed
        ("hard", ("version",), Mode(soft=True), BAD_SMOKE, "fail", "REJECT"),
        ("hard", ("smoke",), Mode(), BAD_SMOKE, "fail", "REJECT"),  # K4: allowed, but not asked for
        ("hard", ("smoke",), Mode(soft=True), BAD_SMOKE, "warn", "PASS_WITH_WARNINGS"),
        ("hard", ("smoke",), Mode(soft=True, strict=True), BAD_SMOKE, "fail", "REJECT"),
        ("soft", (), Mode(strict=True), BAD_SMOKE, "fail", "REJECT"),  # P5: warnings become refusals
        ("off", (), Mode(strict=True), BAD_SMOKE, "off", "PASS"),
        ("hard", (), Mode(), LOAD_ONLY, "warn", "PASS_WITH_WARNINGS"),  # a code that only warns
        ("hard", (), Mode(strict=True), LOAD_ONLY, "fail", "REJECT"),
        ("hard", (), Mode(strict=True), {}, "pass", "PASS"),
    ],
)
def test_policy_and_mode(
    *,
    hardness: Hardness | None,
    soft_allowed: tuple[str, ...],
    mode: Mode,
    evidence: dict[str, Any],
    status: str,
    decision: str,
) -> None:
    gates = () if hardness is None else (("smoke", hardness),)
    verdict = decided(evidence, policy=Policy(gates=gates, soft_allowed=soft_allowed), mode=mode)
    (result,) = (gate for gate in verdict.gates if gate.gate == "smoke")
    assert (result.status, verdict.decision) == (status, decision)
    assert result.hardness == (hardness or "hard")
    assert verdict.mode == mode
    assert verdict.strict == (mode.strict is True)
    assert bool(result.findings) == (status not in {"pass", "off"})


def test_soft_cannot_reach_evidence_that_is_missing_unless_it_is_allowed() -> None:
    case = replace(case_of({}), evidence={})
    verdict = decided(case, policy=Policy(soft_allowed=("smoke",)), mode=Mode(soft=True))
    assert verdict.decision == "REJECT"
    assert [gate.gate for gate in verdict.gates if gate.status == "warn"] == ["smoke"]


@pytest.mark.parametrize(
    "policy",
    [
        Policy(gates=(("plain-run", "off"),)),
        Policy(gates=(("plain-run", "soft"),)),
        Policy(soft_allowed=("plain-run",)),
        Policy(profiles=(("default", ProfileRules(gates=(("plain-run", "off"),))),)),
    ],
)
def test_k4_no_policy_lets_a_soft_run_be_sealed(policy: Policy) -> None:
    verdict = decided(change("seal", soft=True), point="seal", policy=policy, mode=Mode(soft=True))
    assert (verdict.decision, verdict.codes) == ("REJECT", (GateCode.RESULT_SOFT,))


@pytest.mark.parametrize("code", ["EVIDENCE_MISSING", "EVIDENCE_STALE", "EVIDENCE_INVALID"])
@pytest.mark.parametrize("allowed", [Policy(gates=(("smoke", "soft"),)), Policy(soft_allowed=("smoke",))])
def test_a_required_gate_without_evidence_is_never_softened(allowed: Policy, code: str) -> None:
    case = case_of({})
    smoke = case.evidence["smoke"]
    bent = {
        "EVIDENCE_MISSING": [],
        "EVIDENCE_STALE": [("smoke", replace(smoke, subjects=()))],
        "EVIDENCE_INVALID": [("smoke", replace(smoke, data={}))],
    }[code]
    rest = {name: item for name, item in case.evidence.items() if name != "smoke"}
    without = replace(case, evidence={**rest, **dict(bent)})
    verdict = decided(without, policy=allowed, mode=Mode(soft=True))
    assert verdict.decision == "PASS_WITH_WARNINGS"
    verdict = decided(without, policy=replace(allowed, required=("smoke",)), mode=Mode(soft=True))
    assert (verdict.decision, verdict.codes) == ("REJECT", (GateCode(code),))


def test_the_default_policy_softens_one_gate_that_exists() -> None:
    assert dict(DEFAULT_POLICY.gates) == {"weights-canonical": "soft"}
    assert dict(DEFAULT_POLICY.gates).keys() <= KNOWN_GATES
    assert len(KNOWN_GATES) == len(GATES) + 1  # no two gates share a name, and there is the one of `decide`
