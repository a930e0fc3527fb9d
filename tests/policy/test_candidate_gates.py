"""What candidate gates tell people; which code each gives is in test_gates."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from release_tasks.policy.candidate_gates import CANDIDATE_GATES
from tests.fakes.gate_cases import COMMIT, EVIDENCE, judged

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def said(gate: str, kind: str, **values: Any) -> list[tuple[str, str, str]]:
    found = judged({kind: {**copy.deepcopy(EVIDENCE[kind]), **values}})[gate].findings
    return [(finding.subject, finding.wanted, finding.found) for finding in found]


@pytest.mark.parametrize(
    ("frozen", "now", "wanted", "found"),
    [(ONE, TWO, "1" * 16, "2" * 16), (ONE, None, "1" * 16, "not there"), (None, TWO, "nothing", "2" * 16)],
)
@pytest.mark.parametrize(
    ("gate", "kind"), [("lock-inputs", "frozen-inputs"), ("lock-outputs", "frozen-outputs")]
)
def test_a_frozen_file_that_differs_is_named_with_both_digests(
    *, gate: str, kind: str, frozen: str | None, now: str | None, wanted: str, found: str
) -> None:
    differences = [{"name": "data/a", "frozen": frozen, "now": now}]
    assert said(gate, kind, differences=differences) == [("data/a", wanted, found)]


def test_an_unknown_numeric_id_names_those_that_are_known() -> None:
    assert said("lock-outputs", "frozen-outputs", known=False, frozen_ids=["a", "b"]) == [
        ("v3-linux", "outputs frozen for this numeric id", "a, b")
    ]


def test_without_a_lock_no_numeric_id_is_asked_for() -> None:
    findings = said("lock-outputs", "frozen-outputs", lock=False, known=False)
    assert findings == [("release.lock", "frozen inputs", "no lock file")]


def test_a_version_is_taken_by_another_commit_only() -> None:
    assert said("version", "version", tag_commit=COMMIT) == []
    assert said("version", "version", tag_commit="f" * 40) == [
        ("v1.0.1", "a version that no other commit bears", f"the tag of commit {'f' * 16}")
    ]


def test_a_command_of_a_mock_is_named_with_what_gives_it_away() -> None:
    """B14: a mock measures nothing, whatever its report says."""
    mock = {"name": "bench:speed", "command": "python bench.py --mock --set mock=true"}
    assert said("no-mock", "commands", commands=[*EVIDENCE["commands"]["commands"], mock]) == [
        ("bench:speed", "a command that measures the real thing", "--mock, mock=true")
    ]


def test_a_missing_role_names_its_contract() -> None:
    assert said("contract", "artifacts", missing=[{"role": "tokenizer|preprocessor"}]) == [
        ("tokenizer|preprocessor", "a file of role tokenizer|preprocessor (model/1)", "none")
    ]


def test_every_tensor_that_is_not_finite_is_counted() -> None:
    bad = [
        {"tensor": "a", "elements": 9, "nan": 1, "infinite": 2},
        {"tensor": "b", "elements": 3, "nan": 0, "infinite": 3},
    ]
    weights = [{**EVIDENCE["artifacts"]["weights"][0], "path": "m", "not_finite": bad}]
    assert said("weights-finite", "artifacts", weights=weights) == [
        ("m: a", "finite values", "1 NaN, 2 infinite of 9"),
        ("m: b", "finite values", "0 NaN, 3 infinite of 3"),
    ]


def test_a_failed_command_is_not_also_a_refused_sample() -> None:
    assert said("smoke", "smoke", ended_well=False, sample_ok=False, problem="exit code 3") == [
        ("[smoke] command", "exit code 0", "exit code 3")
    ]
    assert said("smoke", "smoke", sample_ok=False, problem="SyntaxError: x") == [
        ("[smoke] check", "a sample that passes the check python", "SyntaxError: x")
    ]
    assert said("smoke", "smoke", ran=False, ended_well=False) == [
        ("[smoke]", "a command that generates a sample", "no command; every tensor was read")
    ]


def test_weights_that_nobody_could_read_are_not_finite_by_default() -> None:
    """A malformed file is not measured; that no NaN was seen in it must not read as "none is there"."""
    assert said("weights-finite", "artifacts", weights=[]) == [
        ("artifacts: weights", "weights that could be read", "none")
    ]


def test_all_of_them_are_of_the_candidate_point() -> None:
    assert {gate.point for gate in CANDIDATE_GATES} == {"candidate"}
