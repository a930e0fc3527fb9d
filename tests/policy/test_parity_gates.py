"""The gates of parity: figures are computed from the rows, limits are inclusive, every row counts."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from release_tasks.config.policy import Policy
from release_tasks.policy.decide import Case, decide
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import GateResult, Mode
from tests.fakes.gate_cases import DECIDED_AT, EVIDENCE, case_of, judged

NAME = "parity/f32"
SOUND = EVIDENCE[NAME]
ROW = SOUND["rows"][0]


def parity(**changed: Any) -> GateResult:
    return judged({NAME: {**copy.deepcopy(SOUND), **changed}})["parity"]


def rows(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**ROW, **change} for change in changes]


def sentences(result: GateResult) -> list[str]:
    return [
        f"{finding.code} {finding.subject}: wanted {finding.wanted}, found {finding.found}"
        for finding in result.findings
    ]


def test_limits_of_b6_are_inclusive() -> None:
    """B6: FP32 wants τ-b >= 0.95 and ΔNLL <= 1e-2, quantised 0.60 and 2e-2."""
    for kind, tau, nll in (("fp32", 0.95, 0.01), ("quantised", 0.60, 0.02)):
        exact = {"tau": tau, "reference_nll": 0.0, "candidate_nll": nll}
        assert parity(kind=kind, rows=rows(exact)).status == "pass"
        below = parity(kind=kind, rows=rows({**exact, "tau": math.nextafter(tau, 0)}))
        above = parity(kind=kind, rows=rows({**exact, "candidate_nll": math.nextafter(nll, 1)}))
        for result in (below, above):
            assert [finding.code for finding in result.findings] == [GateCode.PARITY_FAILED]
            assert result.status == "fail"


def test_a_refusal_names_figure_limit_and_rows() -> None:
    worse = {"tau": 0.5, "candidate_nll": 1.75}
    assert sentences(parity(rows=rows(worse, {"candidate_nll": 1.75}, worse))) == [
        "PARITY_FAILED [parity.f32] τ-b: wanted >= 0.95, found 0.5; below it: rows 0, 2",
        "PARITY_FAILED [parity.f32] ΔNLL: wanted <= 0.01, found 0.25; above it: rows 0, 1, 2",
    ]


def test_many_failing_rows_are_cut_short() -> None:
    (sentence,) = sentences(parity(rows=rows(*[{"tau": 0.0}] * 12)))
    assert sentence.endswith("found 0.0; below it: rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more")


def test_mean_nll_is_weighted_by_tokens() -> None:
    long, short = {"tokens": 1000, "candidate_nll": 1.505}, {"tokens": 40, "candidate_nll": 1.6}
    assert parity(rows=rows(long, short)).status == "pass"
    assert parity(rows=rows({**long, "tokens": 40}, short)).status == "fail"


def test_limits_of_the_pair_come_before_those_of_the_kind() -> None:
    poor = rows({"tau": 0.5})
    assert parity(rows=poor, min_tau=0.5).status == "pass"
    assert parity(rows=poor, min_tau=0.6).status == "fail"
    off = rows({"candidate_nll": 1.6})
    assert parity(rows=off, max_nll=0.11).status == "pass"
    assert parity(rows=off, max_nll=0.09).status == "fail"


def test_the_policy_sets_the_limits_of_a_kind() -> None:
    policy = Policy(thresholds=(("min_parity_tau_fp32", 0.99), ("max_parity_nll_fp32", 0.5)))
    case = case_of({NAME: {**copy.deepcopy(SOUND), "rows": rows({"tau": 0.98})}})
    verdict = decide("candidate", case, policy=policy, profile="default", mode=Mode(), decided_at=DECIDED_AT)
    (result,) = (gate for gate in verdict.gates if gate.gate == "parity")
    assert sentences(result) == [
        "PARITY_FAILED [parity.f32] τ-b: wanted >= 0.99, found 0.98; below it: row 0"
    ]


@pytest.mark.parametrize(
    ("steps", "informative", "status"), [(32, 8, "pass"), (32, 7, "fail"), (6, 2, "pass"), (1, 0, "fail")]
)
def test_every_prompt_needs_informative_steps(steps: int, informative: int, status: str) -> None:
    result = parity(steps=steps, rows=rows({"informative": steps}, {"informative": informative}))
    assert result.status == status
    assert {finding.code for finding in result.findings} <= {GateCode.PARITY_TOO_FEW}


def test_too_few_steps_are_told_with_their_rows() -> None:
    assert sentences(parity(rows=rows({}, {"tau": None, "informative": 3}))) == [
        (
            "PARITY_TOO_FEW [parity.f32]: wanted at least 8 steps with three tokens in common, for every prompt,"
            " found 3 in row 1"
        )
    ]


def test_b21_two_runs_must_choose_the_same_tokens() -> None:
    other = f"sha256:{'e' * 64}"
    assert sentences(parity(rows=rows({}, {"again": other}))) == [
        (
            "PARITY_NOT_DETERMINISTIC [parity.f32]: wanted the same token ids from two runs of the reference,"
            " found other ids in row 1"
        )
    ]


def test_a_reference_that_contradicts_itself_measures_nothing() -> None:
    assert sentences(parity(rows=rows({"self_delta_nll": 0.02}, {}))) == [
        (
            "PARITY_INVALID [parity.f32]: wanted a reference that scores what it chose as when it chose it,"
            " within 0.01, found 0.02 in row 0"
        )
    ]


def test_b18_a_copy_is_no_further_format() -> None:
    candidate = {**SOUND["candidate"], "digest": SOUND["reference"]["digest"], "format": "safetensors"}
    assert sentences(parity(candidate=candidate, rows=[])) == [
        "PARITY_INVALID model.gguf: wanted a file of the format gguf, as its suffix says, found safetensors",
        (
            "PARITY_INVALID [parity.f32]: wanted two formats of the model,"
            " found the same bytes: model.safetensors and model.gguf"
        ),
    ]


def test_a_format_that_we_do_not_know_is_taken_as_declared() -> None:
    other = {**SOUND["candidate"], "path": "model.onnx", "wanted_format": None, "format": None}
    assert parity(candidate=other).status == "pass"


def coverage(*formats: dict[str, Any]) -> GateResult:
    return judged({"artifacts": {**EVIDENCE["artifacts"], "formats": list(formats)}})["parity-coverage"]


def test_b15_every_format_that_nobody_compared_is_named() -> None:
    paired = {"path": "a.gguf", "pairs": ["f32"], "copies": []}
    result = coverage(paired, *({"path": f"{name}.gguf", "pairs": [], "copies": []} for name in "bc"))
    wanted = "wanted a pair [parity.<pair>] that has it as candidate, and leads back to the model, found none"
    assert sentences(result) == [
        f"PARITY_UNDECLARED b.gguf: {wanted}",
        f"PARITY_UNDECLARED c.gguf: {wanted}",
    ]
    assert result.status == "fail"


def test_without_a_pair_the_gate_is_skipped_unless_it_is_required() -> None:
    case = case_of({})
    without = Case(
        evidence={name: item for name, item in case.evidence.items() if name != NAME},
        expected={name: item for name, item in case.expected.items() if name != NAME},
    )
    for policy, status in ((Policy(), "skipped"), (Policy(required=("parity",)), "fail")):
        verdict = decide(
            "candidate", without, policy=policy, profile="default", mode=Mode(), decided_at=DECIDED_AT
        )
        (result,) = (gate for gate in verdict.gates if gate.gate == "parity")
        assert (result.status, [finding.code for finding in result.findings]) == (
            status,
            [GateCode.PARITY_UNDECLARED],
        )


NUMBERS = ("informative", "tokens", "reference_nll", "candidate_nll", "self_delta_nll")


@pytest.mark.parametrize("key", ["tau", *NUMBERS, "path", "again"])
@pytest.mark.parametrize("value", [math.nan, math.inf, "1", {}], ids=repr)
def test_a_figure_that_is_none_never_passes(key: str, value: Any) -> None:
    result = parity(rows=rows({key: value}))
    assert [finding.code for finding in result.findings] == [GateCode.EVIDENCE_INVALID]


@pytest.mark.parametrize("key", [*SOUND, "rows.tau", *(f"rows.{name}" for name in NUMBERS)])
def test_a_measurement_that_is_missing_refuses(key: str) -> None:
    data = copy.deepcopy(SOUND)
    holder, last = (data["rows"][0], key[5:]) if key.startswith("rows.") else (data, key)
    del holder[last]
    result = judged({NAME: data})["parity"]
    assert [finding.code for finding in result.findings] == [GateCode.EVIDENCE_INVALID]
