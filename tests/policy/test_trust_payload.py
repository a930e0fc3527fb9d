"""The trust payload 1.0: its rules as properties, and canaries that sing when its shape changes (P6-P9, P13)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.trust_payload import (
    CONFIDENCES,
    FALLBACK_CODES,
    Confidence,
    RunFacts,
    base_confidence,
    capped,
    escalation_priority,
    escalation_words,
    signals,
    trust_payload,
)
from release_tasks.records.code_table import CODES
from release_tasks.records.digest import sha256
from release_tasks.records.evidence import Evidence
from release_tasks.records.gate_code import Category, GateCode
from release_tasks.records.verdict import Finding, GateResult, Mode, Status, Verdict, WaivedFinding
from release_tasks.stages.own_schema import check_own

REASONS = [code for code in GateCode if not code.startswith("PASS")]
STEP = {"hermetic": True, "numeric": {"status": "checked"}}
FACTS = RunFacts(
    generator="release_tasks 1.0.0",
    schema_hash=f"sha256:{'1' * 64}",
    run_id=f"sha256:{'2' * 64}",
    config_hash=f"sha256:{'3' * 64}",
    timestamp="2026-01-31T12:00:00Z",
    environment={"steps": {"train": STEP}},
)
MEASURED = {"artifacts": Evidence(kind="artifacts", subjects=(("m", sha256("0" * 64)),), data={"rate": 1})}


def gate(status: Status, *codes: GateCode, name: str = "g") -> GateResult:
    findings = tuple(Finding(code=code, subject="s", wanted="w", found="f", evidence="e") for code in codes)
    waived: tuple[WaivedFinding, ...] = ()
    if status == "waived":
        waived = tuple(WaivedFinding(finding=f, by="Ada", reason="r", expires="2099-12-31") for f in findings)
        findings = ()
    hardness = "off" if status == "off" else "hard"
    return GateResult(
        gate=name, hardness=hardness, status=status, findings=findings, evidence=("e",), waived=waived
    )


def verdict(*gates: GateResult, profile: str = "default", **mode: Any) -> Verdict:
    statuses = {item.status for item in gates}
    decision: Any = (
        "REJECT" if "fail" in statuses else "PASS_WITH_WARNINGS" if statuses & {"warn", "waived"} else "PASS"
    )
    return Verdict(
        point="candidate",
        decision=decision,
        profile=profile,
        strict=False,
        mode=Mode(**mode),
        gates=gates,
    )


def payload(
    *gates: GateResult,
    evidence: Mapping[str, Evidence] = MEASURED,
    facts: RunFacts = FACTS,
    profile: str = "default",
    **mode: Any,
) -> dict[str, Any]:
    made: dict[str, Any] = trust_payload(verdict(*gates, profile=profile, **mode), evidence, facts)
    check_own("trust-payload", made)
    return made


JUDGED = st.sampled_from(["fail", "warn", "skipped", "waived"])
GATES = st.lists(
    st.one_of(
        st.builds(gate, st.sampled_from(["pass", "off"]), name=st.text(min_size=1, max_size=5)),
        st.tuples(
            JUDGED,
            st.lists(st.sampled_from(REASONS), min_size=1, max_size=4, unique=True),
            st.text(min_size=1, max_size=5),
        ).map(lambda item: gate(item[0], *item[1], name=item[2])),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda item: item.gate,
)
MODES = st.fixed_dictionaries(
    {
        "soft": st.booleans(),
        "snapshot": st.booleans(),
        "strict": st.sampled_from([None, True, False]),
        "policy_override": st.booleans(),
        "profile_override": st.booleans(),
    }
)


@given(GATES, MODES, st.sampled_from(["default", "high_stakes"]))
def test_every_payload_follows_the_schema_and_the_rules(
    gates: list[GateResult], mode: dict[str, Any], profile: str
) -> None:
    """P3, P6, P7, P9, P13: whatever the verdict, shape and order hold, and confidence is never raised."""
    judged = Verdict(
        point="candidate",
        decision=verdict(*gates).decision,
        profile=profile,
        strict=False,
        mode=Mode(**mode),
        gates=tuple(gates),
    )
    made: dict[str, Any] = trust_payload(judged, MEASURED, FACTS)
    check_own("trust-payload", made)
    assert json.loads(dump_canonical(made)) == made
    ranks = [CONFIDENCES.index(made[key]) for key in ("confidence", "base_confidence")]
    assert ranks[0] <= ranks[1]
    assert made["monotonicity_applied"] is (ranks[0] != ranks[1])
    codes = made["gate_codes"]
    assert codes == [row["code"] for row in made["gate_code_details"]]
    assert len(set(codes)) == len(codes)
    hard = made["hard_gates_triggered"]
    soft = [code for code in codes if code not in hard and not code.startswith("PASS")]
    success = [code for code in codes if code.startswith("PASS")]
    assert codes == [*sorted(hard), *sorted(soft), *success]
    assert made["escalation_priority"] == min(CODES[GateCode(code)].priority for code in codes)
    assert bool(hard) == (made["decision"] == "REJECT") == (made["quality_tier"] == "rejected")


def test_the_keys_of_payload_1() -> None:
    """P6, P13: a key more or less is another version."""
    made = payload(gate("pass"))
    assert set(made) == {
        *("payload_version", "generator_version", "schema_hash", "decision", "quality_tier", "confidence"),
        *("base_confidence", "confidence_factors", "monotonicity_applied", "gate_codes", "gate_code_details"),
        *("hard_gates_triggered", "should_escalate", "escalation_priority", "profile", "strict_mode"),
        *("signals", "run_id", "config_hash", "generation_time_seconds", "timestamp"),
    }
    assert made["payload_version"] == "1.0"
    assert made["generation_time_seconds"] is None
    assert set(made["gate_code_details"][0]) == {"code", "category", "is_hard_gate", "recommendation"}


def test_the_types_of_payload_1() -> None:
    """P13: plain JSON types, whatever the case."""
    made = payload(gate("fail", GateCode.SMOKE_FAILED), gate("pass", name="h"))
    texts = {"payload_version", "generator_version", "schema_hash", "decision", "quality_tier", "confidence"}
    texts |= {"base_confidence", "profile", "run_id", "config_hash", "timestamp"}
    flags = {"monotonicity_applied", "should_escalate", "strict_mode"}
    lists = {"confidence_factors", "gate_codes", "gate_code_details", "hard_gates_triggered"}
    assert {key for key, value in made.items() if type(value) is str} == texts
    assert {key for key, value in made.items() if type(value) is bool} == flags
    assert {key for key, value in made.items() if type(value) is list} == lists
    assert type(made["escalation_priority"]) is int
    assert type(made["signals"]) is dict


def test_a_pass_has_one_code_of_category_success() -> None:
    """P6."""
    made = payload(gate("pass"))
    assert (made["gate_codes"], made["hard_gates_triggered"]) == (["PASS"], [])
    assert made["gate_code_details"] == [
        {
            "code": "PASS",
            "category": str(Category.SUCCESS),
            "is_hard_gate": False,
            "recommendation": CODES[GateCode.PASS].recommendation,
        }
    ]
    assert (made["quality_tier"], made["confidence"], made["confidence_factors"]) == (
        "production",
        "high",
        [],
    )
    assert (made["should_escalate"], made["escalation_priority"]) == (False, 10)


def test_without_a_date_the_timestamp_is_null() -> None:
    facts = RunFacts(
        generator="g", schema_hash=FACTS.schema_hash, run_id=FACTS.run_id, config_hash=FACTS.config_hash,
        timestamp=None, environment={"steps": {}},
    )  # fmt: skip
    assert payload(gate("pass"), facts=facts)["timestamp"] is None


@pytest.mark.parametrize(
    ("factors", "base"), [(0, "high"), (1, "medium"), (2, "medium"), (3, "low"), (99, "low")]
)
def test_base_confidence_is_counted(factors: int, base: str) -> None:
    """P8."""
    assert base_confidence(factors) == base


def test_every_factor_is_named() -> None:
    """P8: what takes confidence away is in the payload, one entry each."""
    steps = {"a": None, "b": {**STEP, "hermetic": False}, "c": {**STEP, "numeric": {"status": "asserted"}}}
    facts = RunFacts(
        generator="g", schema_hash=FACTS.schema_hash, run_id=FACTS.run_id, config_hash=FACTS.config_hash,
        timestamp=None, environment={"steps": {**steps, "d": {**STEP, "numeric": None}}},
    )  # fmt: skip
    made = payload(
        gate("fail", GateCode.SMOKE_FAILED, name="smoke"),
        gate("warn", GateCode.TODO_FOUND, name="todo"),
        gate("waived", GateCode.REGRESSION, name="regression"),
        gate("skipped", GateCode.DATASET_UNDECLARED, name="dataset"),
        gate("skipped", GateCode.DATASET_UNDECLARED, name="dataset-pii"),
        gate("skipped", GateCode.TESTS_UNDECLARED, name="tests"),
        gate("off", name="version"),
        facts=facts,
        soft=True,
        snapshot=True,
        strict=False,
        policy_override=True,
        profile_override=True,
    )
    assert made["confidence_factors"] == [
        "refused: smoke (SMOKE_FAILED)",
        "warned: todo (TODO_FOUND)",
        "waived: regression (REGRESSION)",
        "not declared: dataset (DATASET_UNDECLARED, 2 gates)",
        "not declared: tests (TESTS_UNDECLARED, 1 gate)",
        "switched off: version",
        "asked for with --soft",
        "asked for with --snapshot",
        "asked for with --no-strict",
        "asked for with --policy",
        "asked for with --profile",
        "no record of how they ran: steps a",
        "run without a sandbox: steps b",
        "numeric profile only asserted: steps c, d",
    ]


CONFIDENCE = st.sampled_from(CONFIDENCES)


@given(CONFIDENCE, st.lists(CONFIDENCE))
def test_a_cap_never_raises(confidence: Confidence, limits: list[Confidence]) -> None:
    """P7: the minimum over unknown < low < medium < high, in any order and however often."""
    once = capped(confidence, *limits)
    assert CONFIDENCES.index(once) <= CONFIDENCES.index(confidence)
    assert all(CONFIDENCES.index(once) <= CONFIDENCES.index(limit) for limit in limits)
    assert capped(confidence, *limits[::-1]) == once == capped(once, *limits)
    assert once in {confidence, *limits}
    assert CONFIDENCES == ("unknown", "low", "medium", "high")


def test_a_refusal_caps_confidence_at_low() -> None:
    """P7: one factor alone would leave it at medium."""
    made = payload(gate("fail", GateCode.SMOKE_FAILED))
    assert (made["base_confidence"], made["confidence"]) == ("medium", "low")
    assert made["monotonicity_applied"] is True


def test_nothing_measured_is_unknown_and_no_cap_raises_it() -> None:
    """P7: unknown is lowest."""
    made = payload(gate("fail", GateCode.EVIDENCE_MISSING), evidence={})
    assert (made["base_confidence"], made["confidence"]) == ("unknown", "unknown")
    assert made["monotonicity_applied"] is False


FALLBACK = {"dataset": Evidence(kind="dataset", subjects=MEASURED["artifacts"].subjects, data={"x": [{"fallback_rate": 0.01}]})}  # fmt: skip
NO_FALLBACK = {"dataset": Evidence(kind="dataset", subjects=MEASURED["artifacts"].subjects, data={"x": [{"fallback_rate": 0}]})}  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "evidence", "confidence"),
    [
        ("high_stakes", FALLBACK, "medium"),
        ("high_stakes", NO_FALLBACK, "high"),
        ("default", FALLBACK, "high"),
    ],
)
def test_high_stakes_with_fallback_inputs_caps_at_medium(
    profile: str, evidence: dict[str, Evidence], confidence: str
) -> None:
    """P7: a measured share of fallbacks counts though every gate passed."""
    made = payload(gate("pass"), profile=profile, evidence=evidence)
    assert (made["base_confidence"], made["confidence"]) == ("high", confidence)
    assert made["monotonicity_applied"] is (confidence == "medium")


@pytest.mark.parametrize("code", sorted(FALLBACK_CODES))
def test_a_waived_fallback_is_a_fallback(code: GateCode) -> None:
    made = payload(gate("waived", code), profile="high_stakes")
    assert made["confidence"] == "medium"


@pytest.mark.parametrize(
    ("codes", "priority", "escalate", "words"),
    [
        ((GateCode.NARRATIVE_PII_DETECTED, GateCode.SYSTEM_TIMEOUT), 1, True, "page a person now"),
        ((GateCode.FALLBACK_SUPERCRITICAL_FIELD,), 2, True, "page a person now"),
        ((GateCode.ESS_TOO_LOW,), 3, True, "page a person now"),
        ((GateCode.MARGINAL_ERROR_CRITICAL,), 4, True, "retry with fresh data"),
        ((GateCode.NARRATIVE_PRONOUN_MISMATCH,), 5, True, "retry with fresh data"),
        ((GateCode.PXWEB_CACHE_STALE,), 6, True, "retry with fresh data"),
        ((GateCode.PXWEB_FETCH_FAILED,), 6, True, "retry with fresh data"),
        ((GateCode.SYSTEM_MEMORY_EXCEEDED,), 7, False, "no escalation"),
        ((GateCode.SYSTEM_TIMEOUT,), 8, False, "no escalation"),
        ((GateCode.CONFIG_INCOMPLETE,), 10, False, "no escalation"),
    ],
)
def test_escalation_is_the_most_urgent_code(
    codes: tuple[GateCode, ...], priority: int, *, escalate: bool, words: str
) -> None:
    """P9."""
    made = payload(gate("fail", *codes))
    assert (made["escalation_priority"], made["should_escalate"]) == (priority, escalate)
    assert escalation_words(priority) == words
    assert escalation_priority(codes) == priority
    assert payload(gate("warn", *codes))["should_escalate"] is False


def test_hard_is_what_refuses_here() -> None:
    """A code that only warns in general refuses under strict, and one that refuses in general may be softened."""
    strict = payload(gate("fail", GateCode.SMOKE_LOAD_ONLY, GateCode.CONFIG_INCOMPLETE))
    assert strict["hard_gates_triggered"] == ["CONFIG_INCOMPLETE", "SMOKE_LOAD_ONLY"]
    softened = payload(gate("warn", GateCode.SMOKE_FAILED), soft=True)
    assert (softened["hard_gates_triggered"], softened["quality_tier"]) == ([], "conditional")
    assert [row["is_hard_gate"] for row in softened["gate_code_details"]] == [False, False]


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), JSONS, max_size=4))
def test_signals_are_finite_floats(data: dict[str, Any]) -> None:
    """P6: plain floats; NaN cannot be among them."""
    found = signals(data)
    assert all(type(value) is float and math.isfinite(value) for value in found.values())
    dump_canonical({**found})


def test_signals_name_the_place_of_every_number() -> None:
    data: dict[str, Any] = {
        "rows": [{"rate": 1, "name": "n"}, {"rate": 0.5}],
        "flag": True,
        "none": None,
        "nan": math.nan,
        "huge": 10**400,
        "deep": {"count": 3},
    }
    assert signals(data) == {"rows[0].rate": 1.0, "rows[1].rate": 0.5, "deep.count": 3.0}
