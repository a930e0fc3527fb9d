from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.judge_protocol import (
    Judgement,
    judge_request,
    parse_judgements,
    parse_samples,
)

CRITERIA = ("correct", "short")


def line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def judged(data: bytes, *samples: str) -> tuple[Judgement, ...]:
    return parse_judgements(data, samples=samples, criteria=CRITERIA)


def test_a_request_holds_all_that_a_judge_needs() -> None:
    assert judge_request({"id": "a", "text": "x"}, instruction="Judge x.", criteria=CRITERIA) == {
        "version": 1,
        "id": "a",
        "instruction": "Judge x.",
        "criteria": ["correct", "short"],
        "sample": {"id": "a", "text": "x"},
    }


def test_samples_are_objects_with_an_id_of_their_own() -> None:
    assert parse_samples(line({"id": "a"}) + b"\n" + line({"id": "b", "x": 1}), where="s") == (
        {"id": "a"},
        {"id": "b", "x": 1},
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (line([]), "not a sample\n  wanted: an object with an id, a text\n  found:  []\n  where:  s:1"),
        (
            line({"id": "a"}) + line({"id": 1}),
            "not a sample\n  wanted: an object with an id, a text\n  found:  {'id': 1}\n  where:  s:2",
        ),
        (
            line({"id": "a"}) * 2,
            "two samples have one id\n  wanted: an id for each\n  found:  'a'\n  where:  s:2",
        ),
    ],
)
def test_what_is_no_sample_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_samples(data, where="s")
    assert str(caught.value) == message


def test_a_judgement_has_a_score_for_every_criterion() -> None:
    answer = line({"id": "a", "scores": {"short": 1, "correct": 0.25}, "comment": "fine"})
    assert judged(answer, "a") == (Judgement(sample="a", scores=(("correct", 0.25), ("short", 1.0))),)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "no answer"),
        (b"nonsense\n", "not JSON: "),
        (line({"id": "b", "scores": {"correct": 1, "short": 1}}), "an answer about something else"),
        (line({"id": "a", "scores": {"correct": 1}}), "scores are not of the rubric's criteria"),
        (
            line({"id": "a", "scores": {"correct": 1, "short": 1, "x": 1}}),
            "scores are not of the rubric's criteria",
        ),
        (line({"id": "a"}), "scores are not of the rubric's criteria"),
        (
            line({"id": "a", "scores": {"correct": 1.5, "short": -1}}),
            "no number from 0 to 1 for correct, short",
        ),
        (line({"id": "a", "scores": {"correct": True, "short": 1}}), "no number from 0 to 1 for correct"),
        (b'{"id": "a", "scores": {"correct": NaN, "short": 1}}\n', "not JSON: NaN"),
        (line({"id": "a", "error": "out of memory"}), "the judge says: 'out of memory'"),
    ],
)
def test_k24_a_failed_judgement_is_kept_as_failed(answer: bytes, problem: str) -> None:
    (found,) = judged(answer, "a")
    assert (found.sample, found.scores) == ("a", ())
    assert (found.problem or "").startswith(problem)


def test_k24_answers_that_are_missing_count() -> None:
    answers = line({"id": "a", "scores": {"correct": 1, "short": 1}})
    assert [item.problem for item in judged(answers, "a", "b", "c")] == [None, "no answer", "no answer"]


def test_more_answers_than_questions_are_refused() -> None:
    with pytest.raises(FormatError, match="the judge answered more than it was asked"):
        judged(line({"id": "a"}) * 2, "a")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_judgement_for_every_sample(data: bytes) -> None:
    try:
        found = judged(data, "a", "b")
    except FormatError:
        return
    assert [item.sample for item in found] == ["a", "b"]
    assert all((item.problem is None) == bool(item.scores) for item in found)
