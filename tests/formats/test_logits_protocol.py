from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.logits_protocol import (
    GreedyAnswer,
    GreedyRequest,
    Request,
    ScoreAnswer,
    ScoreRequest,
    dump_requests,
    parse_answers,
)

GREEDY = GreedyRequest(prompt="déjà\nvu", steps=2, seed=7)
SCORE = ScoreRequest(tokens=(0, 4, 9, 1), start=2)
REQUESTS: tuple[Request, ...] = (GREEDY, SCORE)
TOP = [[token, 5.0 - token / 2] for token in range(10)]
ANSWERS: list[dict[str, Any]] = [
    {
        "version": 1,
        "id": 0,
        "op": "greedy",
        "tokens": [0, 4, 0, 0],
        "prompt_tokens": 2,
        "top": [TOP, TOP],
        "nll": [0.5, 1],
    },
    {"version": 1, "id": 1, "op": "score", "top": [TOP, TOP], "nll": [0.25, 0, 3.5]},
]


def lines(answers: list[Any]) -> bytes:
    return "".join(json.dumps(answer) + "\n" for answer in answers).encode()


def bent(number: int, **changed: Any) -> bytes:
    """The sound answers, with some values of one of them changed."""
    answers = copy.deepcopy(ANSWERS)
    answers[number] |= changed
    return lines(answers)


def test_requests_are_one_line_each() -> None:
    assert dump_requests(REQUESTS).decode() == (
        '{"version": 1, "id": 0, "op": "greedy", "prompt": "déjà\\nvu", "steps": 2, "seed": 7}\n'
        '{"version": 1, "id": 1, "op": "score", "tokens": [0, 4, 9, 1], "from": 2}\n'
    )


def test_sound_answers_are_read() -> None:
    top = tuple((token, 5.0 - token / 2) for token in range(10))
    greedy, score = parse_answers(lines(ANSWERS), REQUESTS)
    assert greedy == GreedyAnswer(tokens=(0, 4, 0, 0), prompt_tokens=2, top=(top, top), nll=(0.5, 1.0))
    assert score == ScoreAnswer(top=(top, top), nll=(0.25, 0.0, 3.5))
    assert parse_answers(lines(ANSWERS).rstrip(b"\n"), REQUESTS) == (greedy, score)


def first(*pairs: list[Any]) -> list[Any]:
    """A top list that begins with these pairs."""
    return [*pairs, *TOP[len(pairs) :]]


BAD: dict[str, tuple[bytes, str]] = {
    "no answer": (
        b"",
        (
            "an answer is missing\n"
            "  wanted: 2 lines, one for each request\n"
            "  found:  0 lines\n"
            "  where:  answer to request 0 (greedy)"
        ),
    ),
    "the last is missing": (
        lines(ANSWERS[:1]),
        (
            "an answer is missing\n"
            "  wanted: 2 lines, one for each request\n"
            "  found:  1 lines\n"
            "  where:  answer to request 1 (score)"
        ),
    ),
    "one too many": (
        lines([*ANSWERS, ANSWERS[0]]),
        (
            "there are more answers than requests\n"
            "  wanted: 2 lines, one for each request\n"
            "  found:  3 lines\n"
            "  where:  line 3"
        ),
    ),
    "another order": (
        lines(ANSWERS[::-1]),
        "id of the answer is another\n  wanted: 0\n  found:  1\n  where:  answer to request 0 (greedy)",
    ),
    "another version": (
        bent(0, version=2),
        "version of the answer is another\n  wanted: 1\n  found:  2\n  where:  answer to request 0 (greedy)",
    ),
    "true for 1": (
        bent(1, version=True),
        (
            "version of the answer is another\n"
            "  wanted: 1\n  found:  True\n  where:  answer to request 1 (score)"
        ),
    ),
    "another operation": (
        bent(1, op="greedy"),
        (
            "op of the answer is another\n"
            "  wanted: score\n  found:  'greedy'\n  where:  answer to request 1 (score)"
        ),
    ),
    "a word between": (
        b"loading model\n" + lines(ANSWERS),
        "not JSON\n  found: Expecting value at line 1 column 1\n  where: answer to request 0 (greedy)",
    ),
    "no object": (
        lines([[], ANSWERS[1]]),
        (
            "the answer is no object\n"
            "  wanted: a JSON object\n  found:  []\n  where:  answer to request 0 (greedy)"
        ),
    ),
    "a further key": (
        bent(1, logits=[]),
        (
            "the answer has other keys\n"
            "  wanted: id, nll, op, top, version\n"
            "  found:  id, logits, nll, op, top, version\n"
            "  where:  answer to request 1 (score)"
        ),
    ),
    "no tokens (B21)": (
        bent(0, tokens=[]),
        (
            "tokens has the wrong length\n"
            "  wanted: prompt_tokens, 1 or more, and 2 chosen\n"
            "  found:  0 tokens, prompt_tokens 2\n"
            "  where:  answer to request 0 (greedy)"
        ),
    ),
    "no beginning": (
        bent(0, tokens=[0, 0], prompt_tokens=0),
        (
            "tokens has the wrong length\n"
            "  wanted: prompt_tokens, 1 or more, and 2 chosen\n"
            "  found:  2 tokens, prompt_tokens 0\n"
            "  where:  answer to request 0 (greedy)"
        ),
    ),
    "a step too few": (
        bent(0, top=[TOP]),
        "top has the wrong length\n  wanted: 2\n  found:  1\n  where:  answer to request 0 (greedy)",
    ),
    "an NLL too many": (
        bent(1, nll=[0.1] * 4),
        "nll has the wrong length\n  wanted: 3\n  found:  4\n  where:  answer to request 1 (score)",
    ),
    "a negative NLL": (
        bent(1, nll=[0.1, -0.5, 0.1]),
        (
            "nll[1] is negative\n"
            "  wanted: the negative log-likelihood in nats\n"
            "  found:  -0.5\n"
            "  where:  answer to request 1 (score)"
        ),
    ),
    "a token that is no number": (
        bent(0, tokens=[0, "4", 0, 0]),
        (
            "tokens[1] is no token id\n"
            "  wanted: a whole number, 0 or more\n"
            "  found:  '4'\n"
            "  where:  answer to request 0 (greedy)"
        ),
    ),
    "a short list": (
        bent(1, top=[TOP, TOP[:9]]),
        (
            "top[1] is not the top 10\n"
            "  wanted: 10 pairs of id and logit\n"
            "  found:  9 pairs\n"
            "  where:  answer to request 1 (score)"
        ),
    ),
    "no pair": (
        bent(1, top=[first([0]), TOP]),
        "top[0][0] is no pair\n  wanted: [id, logit]\n  found:  [0]\n  where:  answer to request 1 (score)",
    ),
    "a logit that is a word": (
        bent(1, top=[first([0, "5"]), TOP]),
        (
            "top[0][0] has no logit\n"
            "  wanted: a finite number\n"
            "  found:  '5'\n"
            "  where:  answer to request 1 (score)"
        ),
    ),
    "an id twice": (
        bent(1, top=[first([1, 5.0]), TOP]),
        (
            "top[0] names a token twice\n"
            "  wanted: 10 ids that differ\n"
            "  found:  [1, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
            "  where:  answer to request 1 (score)"
        ),
    ),
    "not greedy": (
        bent(0, tokens=[0, 4, 0, 1]),
        (
            "step 1 is not greedy\n"
            "  wanted: the token of the largest logit, 0\n"
            "  found:  1\n"
            "  where:  answer to request 0 (greedy)"
        ),
    ),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_what_breaks_the_protocol_is_refused_by_name_of_the_request(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_answers(data, REQUESTS)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "true", "null", "1" + "0" * 400])
def test_numbers_that_are_not_finite_are_refused(value: str) -> None:
    for key in ("5.0", "0.25"):  # a logit and an NLL
        data = lines(ANSWERS).replace(key.encode(), value.encode(), 1)
        with pytest.raises(FormatError):
            parse_answers(data, REQUESTS)


def test_lists_that_are_not_sorted_are_refused() -> None:
    swapped = [TOP[1], TOP[0], *TOP[2:]]
    by_id = [[1, 5.0], [0, 5.0], *TOP[2:]]
    for top in (swapped, by_id):
        with pytest.raises(FormatError, match="is not in order"):
            parse_answers(bent(1, top=[TOP, top]), REQUESTS)


def test_any_of_equal_largest_logits_is_greedy() -> None:
    tied = [[0, 5.0], [1, 5.0], *TOP[2:]]
    answers = parse_answers(bent(0, top=[tied, TOP], tokens=[0, 4, 1, 0]), REQUESTS)
    assert isinstance(answers[0], GreedyAnswer)
    assert answers[0].tokens == (0, 4, 1, 0)


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def scored(draw: st.DrawFn) -> tuple[ScoreRequest, ScoreAnswer]:
    tokens = draw(st.lists(st.integers(0, 99), min_size=2, max_size=6))
    start = draw(st.integers(1, len(tokens) - 1))

    def top() -> tuple[tuple[int, float], ...]:
        ids = draw(st.lists(st.integers(0, 2**53 - 1), min_size=10, max_size=10, unique=True))
        logits = draw(st.lists(FLOATS, min_size=10, max_size=10))
        return tuple(sorted(zip(ids, logits, strict=True), key=lambda pair: (-pair[1], pair[0])))

    tops = tuple(top() for _ in range(len(tokens) - start))
    nll = draw(st.lists(st.floats(0, 1e300), min_size=len(tokens) - 1, max_size=len(tokens) - 1))
    return ScoreRequest(tokens=tuple(tokens), start=start), ScoreAnswer(top=tops, nll=tuple(nll))


@given(st.lists(scored(), max_size=3))
def test_every_sound_answer_comes_back_bit_for_bit(batch: list[tuple[ScoreRequest, ScoreAnswer]]) -> None:
    data = lines(
        [
            {"version": 1, "id": number, "op": "score", "top": answer.top, "nll": answer.nll}
            for number, (_, answer) in enumerate(batch)
        ]
    )
    assert parse_answers(data, [request for request, _ in batch]) == tuple(answer for _, answer in batch)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_answers(data, REQUESTS)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(ANSWERS[0])), VALUES)
def test_any_value_in_any_key_is_read_or_refused(key: str, value: Any) -> None:
    try:
        (answer, _) = parse_answers(bent(0, **{key: value}), REQUESTS)
    except FormatError:
        return
    assert isinstance(answer, GreedyAnswer)
    assert all(math.isfinite(number) for number in answer.nll)
