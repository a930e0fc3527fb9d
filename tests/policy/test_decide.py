"""Each status that a gate can end with, and what waivers, strictness and requirements make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from release_tasks.config.policy import Policy, ProfileRules, SecretException, Waiver
from release_tasks.errors import ConfigError
from release_tasks.policy.decide import Case
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS
from release_tasks.policy.evidence_shape import misfits
from release_tasks.policy.gate import Rules
from release_tasks.policy.gates import GATES
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.policy.waivers import WAIVERS_USED
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import evidence_path, kind_of
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import Finding, GateResult, Mode, Verdict
from tests.fakes.gate_cases import DECIDED_AT, EVIDENCE, NOW, SAMPLE, case_of, decided
from tests.fakes.gate_controls import CONTROLS, change

BAD_SMOKE = change("smoke", ended_well=False, problem="dead")
LOAD_ONLY = change("smoke", ran=False)
BY_HAND = Policy(required=("smoke",))
# What a release of another type has not is told by its evidence, see below.
UNDECLARED = [gate for gate in GATES if gate.undeclared not in {None, GateCode.WEIGHTS_UNDECLARED}]


def smoke_of(verdict: Verdict) -> GateResult:
    return next(gate for gate in verdict.gates if gate.gate == "smoke")


def codes_of(result: GateResult) -> list[GateCode]:
    return [finding.code for finding in result.findings]


def without(kind: str) -> Case:
    """The case of a project whose release.toml asks for no evidence of a kind."""
    case = case_of({})
    return Case(
        evidence={name: item for name, item in case.evidence.items() if kind_of(name) != kind},
        expected={name: item for name, item in case.expected.items() if kind_of(name) != kind},
    )


def waiver(
    digest: Digest = NOW["model"], *, gate: str = "smoke", expires: date = date(2026, 11, 21)
) -> Waiver:
    return Waiver(gate=gate, reason="known", by="Ada", expires=expires, applies_to=digest)


def waived(*waivers: Waiver, evidence: Any = BAD_SMOKE, **asked: Any) -> Verdict:
    return decided(evidence, policy=Policy(waivers=waivers), **asked)


@pytest.mark.parametrize(
    ("evidence", "policy", "status", "decision"),
    [
        ({}, Policy(), "pass", "PASS"),
        (LOAD_ONLY, Policy(), "warn", "PASS_WITH_WARNINGS"),
        (BAD_SMOKE, Policy(), "fail", "REJECT"),
        (BAD_SMOKE, Policy(gates=(("smoke", "off"),)), "off", "PASS"),
        (BAD_SMOKE, Policy(waivers=(waiver(),)), "waived", "PASS_WITH_WARNINGS"),
    ],
)
def test_status_and_decision(evidence: Any, policy: Policy, status: str, decision: str) -> None:
    verdict = decided(evidence, policy=policy)
    assert (smoke_of(verdict).status, verdict.decision) == (status, decision)


@pytest.mark.parametrize("gate", UNDECLARED, ids=lambda gate: gate.name)
def test_what_release_toml_does_not_declare_is_skipped(gate: Any) -> None:
    verdict = decided(without(gate.evidence))
    (result,) = (item for item in verdict.gates if item.gate == gate.name)
    assert result.status == "skipped"
    assert result.findings == (
        Finding(
            code=gate.undeclared,
            subject="release.toml",
            wanted=f"evidence of kind {gate.evidence}",
            found="nothing declared",
        ),
    )
    assert (verdict.decision, verdict.codes) == ("PASS", (GateCode.PASS,))


@pytest.mark.parametrize("gate", UNDECLARED, ids=lambda gate: gate.name)
def test_a_required_gate_refuses_when_nothing_is_declared(gate: Any) -> None:
    verdict = decided(without(gate.evidence), policy=Policy(required=(gate.name,)))
    (result,) = (item for item in verdict.gates if item.status == "fail")
    assert (result.gate, codes_of(result), verdict.decision) == (gate.name, [gate.undeclared], "REJECT")


@pytest.mark.parametrize("name", ["weights", "weights-finite", "weights-canonical"])
def test_a_dataset_has_no_weights_and_a_model_has(name: str) -> None:
    """R4: the contract of the type says whether weights are wanted; evidence cannot say otherwise."""
    artifacts = {**EVIDENCE["artifacts"], "weights": None}
    verdict = decided({"artifacts": {**artifacts, "contract": "dataset/1"}})
    (result,) = (item for item in verdict.gates if item.gate == name)
    assert (result.status, codes_of(result)) == ("skipped", [GateCode.WEIGHTS_UNDECLARED])
    verdict = decided({"artifacts": {**artifacts, "contract": "model/2"}})
    (result,) = (item for item in verdict.gates if item.gate == name)
    assert (result.status, codes_of(result)) == ("fail", [GateCode.EVIDENCE_INVALID])


def test_a_required_gate_refuses_what_was_not_done() -> None:
    """That the model was only loaded warns, unless the policy wants the gate to have been measured."""
    assert smoke_of(decided(LOAD_ONLY)).status == "warn"
    result = smoke_of(decided(LOAD_ONLY, policy=BY_HAND))
    assert (result.status, codes_of(result)) == ("fail", [GateCode.SMOKE_LOAD_ONLY])
    assert smoke_of(decided({}, policy=BY_HAND)).status == "pass"


@pytest.mark.parametrize("gate", UNDECLARED, ids=lambda gate: gate.name)
def test_a_gate_that_is_off_is_not_skipped(gate: Any) -> None:
    verdict = decided(without(gate.evidence), policy=Policy(gates=((gate.name, "off"),)))
    assert [item.status for item in verdict.gates if item.gate == gate.name] == ["off"]


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": Mode(strict=True)},
        {"policy": Policy(strict=True)},
        {"profile": "high_stakes"},
        {"policy": Policy(profiles=(("own", ProfileRules(strict=True)),)), "profile": "own"},
        {"policy": Policy(strict=False), "profile": "high_stakes", "mode": Mode(strict=True)},
    ],
)
def test_strict_turns_a_warning_into_a_refusal_and_says_why(asked: Any) -> None:
    """P5: strict turns warnings into REJECT and adds CONFIG_INCOMPLETE."""
    verdict = decided(LOAD_ONLY, **asked)
    assert verdict.strict
    result = smoke_of(verdict)
    assert (result.status, verdict.decision) == ("fail", "REJECT")
    assert codes_of(result) == [GateCode.SMOKE_LOAD_ONLY, GateCode.CONFIG_INCOMPLETE]
    assert result.findings[1] == Finding(
        code=GateCode.CONFIG_INCOMPLETE,
        subject="smoke",
        wanted="no warning: the run is strict",
        found="SMOKE_LOAD_ONLY",
        evidence=evidence_path("smoke"),
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"profile": "analysis_only"},
        {"profile": "narrative_required"},
        {"policy": Policy(strict=False), "profile": "high_stakes"},
        {"policy": Policy(strict=True), "mode": Mode(strict=False)},
        {"profile": "high_stakes", "mode": Mode(strict=False)},
    ],
)
def test_strictness_can_be_overridden_either_way(asked: Any) -> None:
    """P5: the command line wins over the policy, and that over the profile."""
    verdict = decided(LOAD_ONLY, **asked)
    assert not verdict.strict
    assert smoke_of(verdict).status == "warn"


def test_strict_adds_nothing_where_the_gate_refuses_anyway() -> None:
    assert codes_of(smoke_of(decided(BAD_SMOKE, mode=Mode(strict=True)))) == [GateCode.SMOKE_FAILED]


def test_an_unknown_profile_is_bad_configuration() -> None:
    with pytest.raises(ConfigError) as caught:
        decided({}, profile="high-stakes")
    assert str(caught.value) == (
        "there is no profile of this name\n"
        "  wanted: one of analysis_only, code-model, default, high_stakes, narrative_required\n"
        "  found:  high-stakes\n  where:  release.profile or --profile\n  hint:   did you mean high_stakes?"
    )


def test_a_waiver_excuses_every_finding_about_its_file_by_name() -> None:
    verdict = waived(waiver())
    result = smoke_of(verdict)
    assert (result.status, result.findings) == ("waived", ())
    assert [(item.finding.code, item.by, item.reason, item.expires) for item in result.waived] == [
        (GateCode.SMOKE_FAILED, "Ada", "known", "2026-11-21")
    ]
    assert verdict.codes == (GateCode.WAIVER_APPLIED, GateCode.PASS_WITH_WARNINGS)


def test_a_waiver_holds_to_the_end_of_its_day() -> None:
    late = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
    assert smoke_of(waived(waiver(), decided_at=late)).status == "waived"
    assert smoke_of(waived(waiver(), decided_at=datetime(2026, 11, 22, tzinfo=UTC))).status == "fail"


def test_an_expired_waiver_excuses_nothing_and_is_a_finding() -> None:
    result = smoke_of(waived(waiver(expires=date(2026, 11, 20))))
    assert (result.status, result.waived) == ("fail", ())
    assert codes_of(result) == [GateCode.SMOKE_FAILED, GateCode.WAIVER_EXPIRED]
    expired = result.findings[1]
    assert (expired.subject, expired.wanted, expired.found) == (
        "smoke",
        "a waiver that holds on 2026-11-21",
        "a waiver of Ada that expired on 2026-11-20",
    )


@pytest.mark.parametrize(
    "other",
    [waiver(sha256("f" * 64)), waiver(gate="weights")],
    ids=["of another file", "of a gate that found nothing"],
)
def test_a_waiver_that_matches_nothing_excuses_nothing_and_is_reported(other: Waiver) -> None:
    verdict = waived(other)
    assert smoke_of(verdict).status == "fail"
    unused = verdict.gates[-1]
    assert (unused.gate, unused.status) == (WAIVERS_USED, "warn")
    assert [
        (item.code, item.subject, item.wanted, item.found, item.evidence) for item in unused.findings
    ] == [
        (
            GateCode.WAIVER_UNUSED,
            other.gate,
            f"a finding about {other.applies_to.short}",
            "none",
            ".release/records/policy.json",
        )
    ]


def test_an_unused_waiver_refuses_a_strict_run_and_can_be_put_off() -> None:
    unused = waived(waiver(), evidence={}, mode=Mode(strict=True)).gates[-1]
    assert (unused.status, codes_of(unused)) == (
        "fail",
        [GateCode.WAIVER_UNUSED, GateCode.CONFIG_INCOMPLETE],
    )
    policy = Policy(waivers=(waiver(),), gates=((WAIVERS_USED, "off"),))
    unused = decided({}, policy=policy).gates[-1]
    assert (unused.status, unused.findings) == ("off", ())


def test_waivers_are_used_at_the_candidate_and_only_judged_at_the_seal() -> None:
    verdict = waived(waiver(gate="source"), evidence=change("seal", dirty=True), point="seal")
    assert [gate.gate for gate in verdict.gates if gate.status == "fail"] == ["source"]
    assert WAIVERS_USED not in {gate.gate for gate in verdict.gates}


def bound_findings() -> Iterator[Any]:
    """Each way in which evidence does not stand for the bytes, with the code that says so."""
    case = case_of({})
    smoke = case.evidence["smoke"]
    rest = {name: item for name, item in case.evidence.items() if name != "smoke"}
    stale = replace(smoke, subjects=(("model", NOW["model"]),))
    yield pytest.param(replace(case, evidence=rest), GateCode.EVIDENCE_MISSING, id="missing")
    yield pytest.param(replace(case, evidence={**rest, "smoke": stale}), GateCode.EVIDENCE_STALE, id="stale")
    yield pytest.param(
        replace(case, evidence={**rest, "smoke": replace(smoke, data={})}),
        GateCode.EVIDENCE_INVALID,
        id="invalid",
    )


@pytest.mark.parametrize(("case", "code"), list(bound_findings()))
def test_a_waiver_never_excuses_evidence_that_speaks_of_nothing(case: Case, code: GateCode) -> None:
    result = smoke_of(waived(waiver(), waiver(NOW["tokenizer"]), evidence=case))
    assert (result.status, result.waived, set(codes_of(result))) == ("fail", (), {code})


@pytest.mark.parametrize("name", [name for name, data in EVIDENCE.items() if data.get("mock") is False])
def test_a_waiver_never_excuses_a_mock(name: str) -> None:
    """B14: a mock measurement is no evidence, whoever answers for it."""
    case = case_of({name: {**EVIDENCE[name], "mock": True}})
    record = replace(case.evidence[name], subjects=tuple(NOW.items()))
    case = Case(evidence={**case.evidence, name: record}, expected={**case.expected, name: NOW})
    gates = [gate.name for gate in GATES if gate.evidence == kind_of(name)]
    policy = Policy(waivers=tuple(waiver(gate=gate) for gate in gates))
    for result in (gate for gate in decided(case, policy=policy).gates if gate.gate in gates):
        assert (result.status, result.waived) == ("fail", ())
        assert GateCode.EVIDENCE_MOCK in codes_of(result)


def test_an_exception_that_matches_no_secret_is_reported() -> None:
    """K8: an exception that matches nothing is reported."""
    item = SecretException(path="a", rule="r", fingerprint="f" * 64, reason="made up")
    verdict = decided({}, policy=Policy(exceptions=(item,)))
    found = {finding.code for gate in verdict.gates for finding in gate.findings}
    assert found == {GateCode.SECRET_EXCEPTION_UNUSED}


class Watched(dict[str, float | None]):
    """Thresholds that remember which of them a gate asked for."""

    def __init__(self, limits: dict[str, float | None]) -> None:
        super().__init__(limits)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> float | None:
        self.asked.add(name)
        return super().__getitem__(name)


def test_every_threshold_is_read_by_a_gate() -> None:
    """K3: over sound evidence, a row in every list, and every positive control."""
    limits = Watched({name: threshold.default for name, threshold in THRESHOLDS.items()})
    rules = Rules(limits=limits, decided_at=DECIDED_AT)
    for evidence in (EVIDENCE, SAMPLE, *(evidence for _, evidence, _ in CONTROLS)):
        for name, data in evidence.items():
            if list(misfits(data, EVIDENCE_KINDS[kind_of(name)].fields)):
                continue  # `decide` refuses it before a gate looks at it
            for gate in GATES:
                if gate.evidence == kind_of(name) and (gate.asked is None or gate.asked(data)):
                    list(gate.check(data, rules))
    assert sorted(set(THRESHOLDS) - limits.asked) == []
