from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from release_tasks.config.policy import Policy
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS
from release_tasks.policy.gates import DEFAULT_POLICY, GATES, KNOWN_GATES, KNOWN_THRESHOLDS, decide
from release_tasks.records.digest import sha256
from release_tasks.records.evidence import Evidence
from release_tasks.records.gate_code import CODES, GateCode
from release_tasks.records.verdict import Hardness, Mode, Point
from tests.fakes.gate_cases import EVIDENCE, NOW, SAMPLE, case_of, judged

POINTS: tuple[Point, ...] = ("candidate", "seal")
HARD = Policy()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every key and every list item of a record."""
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def bend(
    kind: str, path: tuple[Any, ...], new: Any = None, *, drop: bool = False, sample: bool = False
) -> Any:
    """Copy the evidence of a kind (that which passes, or `SAMPLE` with a row in every list) and change one place."""
    data = copy.deepcopy((SAMPLE if sample else EVIDENCE)[kind])
    holder = at(data, path[:-1])
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = new
    return data


KEYS = [
    pytest.param(kind, path, id=f"{kind}-{'.'.join(map(str, path))}")
    for kind, data in sorted(SAMPLE.items())
    for path in places(data)
    if isinstance(path[-1], str)
]


@pytest.mark.parametrize(("kind", "path"), KEYS)
def test_a_measurement_that_is_missing_refuses_without_a_traceback(kind: str, path: tuple[Any, ...]) -> None:
    """No evidence is never good evidence: every single key is dropped in turn."""
    gates = [gate for gate in GATES if gate.evidence == kind]
    result = judged({kind: bend(kind, path, drop=True, sample=True)})
    for gate in gates:
        found = result[gate.name]
        assert found.status == "fail"
        assert [finding.code for finding in found.findings] == [GateCode.EVIDENCE_INVALID]
        assert found.findings[0].found == "no such key"
        assert found.findings[0].subject.startswith(f"{kind}: ")
        assert found.findings[0].subject.endswith(str(path[-1]))


@pytest.mark.parametrize(("kind", "path"), KEYS)
@pytest.mark.parametrize("value", [math.nan, {}, 0.5], ids=repr)
def test_a_measurement_of_another_type_refuses(kind: str, path: tuple[Any, ...], value: Any) -> None:
    """NaN never passes, whatever it stands for."""
    result = judged({kind: bend(kind, path, value, sample=True)})
    for gate in (gate for gate in GATES if gate.evidence == kind):
        assert result[gate.name].status == "fail"
        assert [finding.code for finding in result[gate.name].findings] == [GateCode.EVIDENCE_INVALID]


FLAGS = [
    pytest.param(kind, path, id=f"{kind}-{'.'.join(map(str, path))}")
    for kind, data in sorted(EVIDENCE.items())
    for path in places(data)
    if isinstance(at(data, path), bool)
]


@pytest.mark.parametrize(("kind", "path"), FLAGS)
def test_every_flag_decides_something(kind: str, path: tuple[Any, ...]) -> None:
    flipped = judged({kind: bend(kind, path, not at(EVIDENCE[kind], path))})
    assert flipped != judged({})


def test_the_evidence_of_a_sound_release_passes_every_gate() -> None:
    assert [name for name, result in judged({}).items() if result.status != "pass"] == []
    for point in POINTS:
        verdict = decide(point, case_of({}), policy=HARD, profile="p", mode=Mode())
        assert (verdict.decision, verdict.codes) == ("PASS", (GateCode.PASS,))


def change(kind: str, **values: Any) -> dict[str, Any]:
    return {kind: {**copy.deepcopy(EVIDENCE[kind]), **values}}


WEIGHT = EVIDENCE["artifacts"]["weights"][0]
NAN = {"tensor": "w", "elements": 9, "nan": 1, "infinite": 0}
DIFFERENCE = {"name": "a", "frozen": f"sha256:{'1' * 64}", "now": None}
# For each gate one thing that it must refuse or warn of, with the exact code: its positive control.
CONTROLS: list[tuple[str, dict[str, Any], GateCode]] = [
    ("lock-inputs", change("frozen-inputs", lock=False), GateCode.LOCK_MISSING),
    ("lock-inputs", change("frozen-inputs", differences=[DIFFERENCE]), GateCode.LOCK_INPUTS_CHANGED),
    ("lock-outputs", change("frozen-outputs", lock=False), GateCode.LOCK_MISSING),
    ("lock-outputs", change("frozen-outputs", differences=[DIFFERENCE]), GateCode.LOCK_OUTPUTS_CHANGED),
    ("lock-outputs", change("frozen-outputs", known=False), GateCode.LOCK_NUMERIC_ID_UNKNOWN),
    ("version", change("version", tag_commit="f" * 40), GateCode.VERSION_TAKEN),
    ("version", change("version", tag_commit="f" * 40, commit=None), GateCode.VERSION_TAKEN),
    ("contract", change("artifacts", missing=[{"role": "tokenizer"}]), GateCode.CONTRACT_FILE_MISSING),
    (
        "weights",
        change("artifacts", invalid=[{"path": "m", "wanted": "a header", "problem": "cut"}]),
        GateCode.WEIGHTS_INVALID,
    ),
    (
        "weights-finite",
        change("artifacts", weights=[{**WEIGHT, "not_finite": [NAN]}]),
        GateCode.WEIGHTS_NOT_FINITE,
    ),
    ("weights-finite", change("artifacts", weights=[]), GateCode.WEIGHTS_INVALID),
    (
        "weights-canonical",
        change("artifacts", weights=[{**WEIGHT, "canonical": False}]),
        GateCode.WEIGHTS_NOT_CANONICAL,
    ),
    ("weights-canonical", change("artifacts", weights=[]), GateCode.WEIGHTS_INVALID),
    (
        "self-contained",
        change("artifacts", pickles=[{"path": "m", "problem": "p"}]),
        GateCode.SELF_CONTAINED_PICKLE,
    ),
    (
        "self-contained",
        change("artifacts", remote_code=[{"path": "c", "problem": "p"}]),
        GateCode.SELF_CONTAINED_REMOTE_CODE,
    ),
    ("smoke", change("smoke", ended_well=False, sample_ok=False, problem="killed"), GateCode.SMOKE_FAILED),
    ("smoke", change("smoke", ended_well=False), GateCode.SMOKE_FAILED),
    ("smoke", change("smoke", sample_ok=False, problem="SyntaxError"), GateCode.SMOKE_SAMPLE_REFUSED),
    ("smoke", change("smoke", ran=False, sample_ok=False), GateCode.SMOKE_LOAD_ONLY),
    ("source", change("seal", commit=None, dirty=None), GateCode.SOURCE_UNKNOWN),
    ("source", change("seal", dirty=True), GateCode.SOURCE_DIRTY),
    ("source", change("seal", dirty=None), GateCode.SOURCE_DIRTY),
    ("source", change("seal", head="f" * 40), GateCode.EVIDENCE_STALE),
    ("source", change("seal", head=None), GateCode.EVIDENCE_STALE),
    ("committed", change("seal", lock_committed=False), GateCode.LOCK_UNCOMMITTED),
    ("committed", change("seal", policy_committed=False), GateCode.POLICY_UNCOMMITTED),
    ("numeric-id", change("seal", numeric_known=False), GateCode.LOCK_OUTPUTS_CHANGED),
    ("plain-run", change("seal", soft=True), GateCode.RESULT_SOFT),
    ("plain-run", change("seal", snapshot=True), GateCode.RESULT_SNAPSHOT),
    ("plain-run", change("seal", policy_override=True), GateCode.POLICY_OVERRIDDEN),
    ("accepted", change("seal", accepted_root=None), GateCode.EVIDENCE_STALE),
    ("accepted", change("seal", root=None, accepted_root=None), GateCode.EVIDENCE_STALE),
]


@pytest.mark.parametrize(("gate", "evidence", "code"), CONTROLS, ids=[f"{c[0]}-{c[2]}" for c in CONTROLS])
def test_positive_controls(gate: str, evidence: dict[str, Any], code: GateCode) -> None:
    found = judged(evidence)[gate]
    assert [finding.code for finding in found.findings] == [code]
    assert found.status == ("fail" if CODES[code].hard else "warn")
    assert all(finding.subject and finding.wanted and finding.found for finding in found.findings)


def test_every_gate_has_a_positive_control() -> None:
    assert {gate for gate, _, _ in CONTROLS} == {gate.name for gate in GATES}


@pytest.mark.parametrize("code", [code for code in GateCode if not code.startswith("PASS")])
def test_every_code_is_emitted_by_a_gate(code: GateCode) -> None:
    """P2: the enum holds nothing that no gate can say."""
    of_every_gate = {GateCode.EVIDENCE_MISSING, GateCode.EVIDENCE_STALE, GateCode.EVIDENCE_INVALID}
    assert code in of_every_gate | {code for _, _, code in CONTROLS}


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_every_gate_stands_on_a_kind_of_evidence_with_a_shape(gate: Any) -> None:
    fields = EVIDENCE_KINDS[gate.evidence].fields
    assert set(fields) == set(EVIDENCE[gate.evidence])
    assert gate.doc.endswith(".")
    assert gate.point in POINTS


@pytest.mark.parametrize("kind", sorted(EVIDENCE))
def test_missing_evidence_refuses_every_gate_that_rests_on_it(kind: str) -> None:
    case = case_of({})
    without = replace(case, evidence={name: item for name, item in case.evidence.items() if name != kind})
    for point in POINTS:
        for result in decide(point, without, policy=HARD, profile="p", mode=Mode()).gates:
            codes = [finding.code for finding in result.findings]
            rests = result.evidence == f".release/records/{kind}.json"
            assert codes == ([GateCode.EVIDENCE_MISSING] if rests else [])
            assert result.status == ("fail" if rests else "pass")


def test_a_record_of_another_kind_in_its_place_refuses() -> None:
    case = case_of({})
    swapped = {**case.evidence, "smoke": replace(case.evidence["smoke"], kind="quality")}
    result = decide("candidate", replace(case, evidence=swapped), policy=HARD, profile="p", mode=Mode())
    (finding,) = next(gate for gate in result.gates if gate.gate == "smoke").findings
    assert (finding.code, finding.subject, finding.wanted, finding.found) == (
        GateCode.EVIDENCE_INVALID,
        "smoke: kind",
        "smoke",
        "quality",
    )


STALE = {
    "other bytes": (("model", sha256("2" * 64)), ("tokenizer", NOW["tokenizer"])),
    "a file that is gone": (*NOW.items(), ("old", sha256("3" * 64))),
    "one artifact left out": (("model", NOW["model"]),),
    "nothing at all": (),
}


@pytest.mark.parametrize("kind", ["artifacts", "smoke"])
@pytest.mark.parametrize("subjects", STALE.values(), ids=STALE)
def test_evidence_about_other_bytes_is_stale(kind: str, subjects: Any) -> None:
    """Design §4: evidence is bound to the digests of all artifacts; what it leaves out was not measured."""
    case = case_of({})
    stale = Evidence(kind=kind, subjects=subjects, data=EVIDENCE[kind])
    bent = replace(case, evidence={**case.evidence, kind: stale})
    for result in decide("candidate", bent, policy=HARD, profile="p", mode=Mode()).gates:
        if result.evidence == f".release/records/{kind}.json":
            assert {finding.code for finding in result.findings} == {GateCode.EVIDENCE_STALE}
            assert result.status == "fail"
        else:
            assert result.status == "pass"


def test_stale_evidence_names_both_digests() -> None:
    case = case_of({})
    old = Evidence(kind="smoke", subjects=STALE["other bytes"], data=EVIDENCE["smoke"])
    bent = replace(case, evidence={**case.evidence, "smoke": old})
    result = decide("candidate", bent, policy=HARD, profile="p", mode=Mode())
    (finding,) = next(gate for gate in result.gates if gate.gate == "smoke").findings
    assert (finding.subject, finding.wanted, finding.found) == (
        "model",
        f"evidence about {NOW['model'].short}",
        "evidence about 2222222222222222",
    )


def test_every_failing_gate_is_listed_with_every_finding() -> None:
    """B9: not only the first."""
    several = {
        **change("frozen-inputs", differences=[DIFFERENCE, {**DIFFERENCE, "name": "b"}]),
        **change("smoke", ended_well=False, problem="dead"),
        **change("artifacts", missing=[{"role": "config"}], pickles=[{"path": "m", "problem": "p"}]),
    }
    verdict = decide("candidate", case_of(several), policy=HARD, profile="p", mode=Mode())
    failing = {gate.gate: len(gate.findings) for gate in verdict.gates if gate.status == "fail"}
    assert failing == {"lock-inputs": 2, "contract": 1, "self-contained": 1, "smoke": 1}
    assert verdict.decision == "REJECT"
    assert verdict.codes == tuple(sorted(verdict.codes))
    assert len(verdict.gates) == len([gate for gate in GATES if gate.point == "candidate"])


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
    policy = Policy(gates=gates, soft_allowed=soft_allowed)
    verdict = decide("candidate", case_of(evidence), policy=policy, profile="p", mode=mode)
    (result,) = (gate for gate in verdict.gates if gate.gate == "smoke")
    assert (result.status, verdict.decision) == (status, decision)
    assert result.hardness == (hardness or "hard")
    assert verdict.mode == mode
    assert bool(result.findings) == (status not in {"pass", "off"})


def test_soft_cannot_reach_evidence_that_is_missing_unless_it_is_allowed() -> None:
    case = replace(case_of({}), evidence={})
    policy = Policy(soft_allowed=("smoke",))
    verdict = decide("candidate", case, policy=policy, profile="p", mode=Mode(soft=True))
    assert verdict.decision == "REJECT"
    assert [gate.gate for gate in verdict.gates if gate.status == "warn"] == ["smoke"]


def test_the_default_policy_softens_one_gate_that_exists() -> None:
    assert dict(DEFAULT_POLICY.gates) == {"weights-canonical": "soft"}
    assert dict(DEFAULT_POLICY.gates).keys() <= KNOWN_GATES
    assert len(KNOWN_GATES) == len(GATES)  # no two gates share a name
    assert not KNOWN_THRESHOLDS  # none is read by code yet, so a policy may name none (K3)
