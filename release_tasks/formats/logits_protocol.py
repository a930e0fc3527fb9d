"""What a logits command is asked and answers: JSON Lines (docs/reference/logits-protocol.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NoReturn

from release_tasks.errors import FormatError
from release_tasks.formats.json_lines import split_lines
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

VERSION = 1
TOP = 10  # candidates of each step
LEAST_NLL = -1e-3  # nats: a surprise is not negative but for the rounding of a log-sum-exp
_MOST_INT = 2**53 - 1

Candidate = tuple[int, float]  # token id, logit
Top = tuple[Candidate, ...]  # largest logit first, equal logits by id


@frozen
class GreedyRequest:
    """Continue a prompt by `steps` tokens, each the one of the largest logit."""

    prompt: str
    steps: int
    seed: int


@frozen
class ScoreRequest:
    """Score given tokens (teacher forcing); the first top list is the one that predicts `tokens[start]`."""

    tokens: tuple[int, ...]
    start: int


@frozen
class GreedyAnswer:
    """All token ids, how many of them stand before the first chosen one, and top list and NLL of each step.

    NLL is the negative log-likelihood of the chosen token, in nats.
    """

    tokens: tuple[int, ...]
    prompt_tokens: int
    top: tuple[Top, ...]
    nll: tuple[float, ...]


@frozen
class ScoreAnswer:
    """Top lists from `start` on, and the NLL in nats of every token but the first, which nothing predicts."""

    top: tuple[Top, ...]
    nll: tuple[float, ...]


Request = GreedyRequest | ScoreRequest
Answer = GreedyAnswer | ScoreAnswer


def dump_requests(requests: Sequence[Request]) -> bytes:
    """Write one line for each request, numbered from 0."""
    return b"".join(
        json.dumps({"version": VERSION, "id": number, **_fields(request)}, ensure_ascii=False).encode("utf-8")
        + b"\n"
        for number, request in enumerate(requests)
    )


def _fields(request: Request) -> JSONObject:
    match request:
        case GreedyRequest():
            return {"op": "greedy", "prompt": request.prompt, "steps": request.steps, "seed": request.seed}
        case ScoreRequest():
            return {"op": "score", "tokens": list(request.tokens), "from": request.start}


def parse_answers(data: bytes, requests: Sequence[Request]) -> tuple[Answer, ...]:
    """Read one answer for each request, in their order.

    Raises FormatError naming the request for an answer that is missing, too many, out of order, not strict
    JSON, of other keys or types, too short or too long, not finite, for a top list that names an id twice or
    is not sorted, and for a greedy choice that has not the largest logit.
    """
    lines = split_lines(data)
    answers = tuple(
        _answer(line, request, number)
        for number, (line, request) in enumerate(zip(lines, requests, strict=False))
    )
    if len(lines) != len(requests):
        missing = len(lines) < len(requests)
        raise FormatError(
            "an answer is missing" if missing else "there are more answers than requests",
            wanted=f"{len(requests)} lines, one for each request",
            found=f"{len(lines)} lines",
            where=_place(len(lines), requests[len(lines)]) if missing else f"line {len(requests) + 1}",
        )
    return answers


def _place(number: int, request: Request) -> str:
    return f"answer to request {number} ({_fields(request)['op']})"


class _Reader:
    """One answer being read; every complaint names its request."""

    def __init__(self, line: bytes, request: Request, number: int) -> None:
        self.where = _place(number, request)
        value = parse_strict(line, where=self.where)
        if not isinstance(value, dict):
            self.refuse("the answer is no object", "a JSON object", ascii(value)[:100])
        self._values = value

    def refuse(self, what: str, wanted: str, found: str) -> NoReturn:
        raise FormatError(what, wanted=wanted, found=found, where=self.where)

    def keys(self, *wanted: str) -> None:
        if self._values.keys() != set(wanted):
            self.refuse(
                "the answer has other keys", ", ".join(sorted(wanted)), ", ".join(sorted(self._values))[:200]
            )

    def exactly(self, key: str, wanted: int | str) -> None:
        found = self._values.get(key)
        if type(found) is not type(wanted) or found != wanted:
            self.refuse(f"{key} of the answer is another", str(wanted), ascii(found)[:100])

    def count(self, key: str) -> int:
        value = self._values[key]
        if not _is_id(value):
            self.refuse(f"{key} is no count", "a whole number, 0 or more", ascii(value)[:100])
        return int(value)  # type: ignore[arg-type]

    def ids(self, key: str) -> tuple[int, ...]:
        values = self._list(key)
        for n, value in enumerate(values):
            if not _is_id(value):
                self.refuse(f"{key}[{n}] is no token id", "a whole number, 0 or more", ascii(value)[:100])
        return tuple(values)  # type: ignore[arg-type]

    def nll(self, key: str, wanted: int) -> tuple[float, ...]:
        values = self._list(key, wanted)
        for n, value in enumerate(values):
            if not _is_finite(value):
                self.refuse(f"{key}[{n}] is no number", "a finite number", ascii(value)[:100])
            if value < LEAST_NLL:  # type: ignore[operator]
                self.refuse(f"{key}[{n}] is negative", "the negative log-likelihood in nats", str(value))
        return tuple(map(float, values))  # type: ignore[arg-type]

    def tops(self, key: str, wanted: int) -> tuple[Top, ...]:
        return tuple(self._top(item, f"{key}[{n}]") for n, item in enumerate(self._list(key, wanted)))

    def _list(self, key: str, wanted: int | None = None) -> list[JSON]:
        value = self._values[key]
        if not isinstance(value, list):
            self.refuse(f"{key} is no list", "a list", ascii(value)[:100])
        if wanted is not None and len(value) != wanted:
            self.refuse(f"{key} has the wrong length", str(wanted), str(len(value)))
        return value

    def _top(self, value: JSON, key: str) -> Top:
        if not isinstance(value, list) or len(value) != TOP:
            found = f"{len(value)} pairs" if isinstance(value, list) else ascii(value)[:100]
            self.refuse(f"{key} is not the top {TOP}", f"{TOP} pairs of id and logit", found)
        pairs: list[Candidate] = []
        for n, pair in enumerate(value):
            if not isinstance(pair, list) or len(pair) != 2:
                self.refuse(f"{key}[{n}] is no pair", "[id, logit]", ascii(pair)[:100])
            token, logit = pair
            if not _is_id(token):
                self.refuse(f"{key}[{n}] has no token id", "a whole number, 0 or more", ascii(token)[:100])
            if not _is_finite(logit):
                self.refuse(f"{key}[{n}] has no logit", "a finite number", ascii(logit)[:100])
            pairs.append((token, float(logit)))  # type: ignore[arg-type]
        if len(dict(pairs)) != TOP:
            self.refuse(
                f"{key} names a token twice", f"{TOP} ids that differ", str([token for token, _ in pairs])
            )
        if sorted(pairs, key=_rank) != pairs:
            self.refuse(
                f"{key} is not in order", "largest logit first, equal logits by id", ascii(pairs)[:200]
            )
        return tuple(pairs)


def _is_id(value: JSON) -> bool:
    return type(value) is int and 0 <= value <= _MOST_INT  # a boolean is none


def _is_finite(value: JSON) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and abs(value) <= _MOST_INT


def _rank(pair: Candidate) -> tuple[float, int]:
    return -pair[1], pair[0]


def _answer(line: bytes, request: Request, number: int) -> Answer:
    reader = _Reader(line, request, number)
    reader.exactly("version", VERSION)
    reader.exactly("id", number)
    match request:
        case GreedyRequest():
            reader.exactly("op", "greedy")
            reader.keys("version", "id", "op", "tokens", "prompt_tokens", "top", "nll")
            return _greedy(reader, request)
        case ScoreRequest():
            reader.exactly("op", "score")
            reader.keys("version", "id", "op", "top", "nll")
            return ScoreAnswer(
                top=reader.tops("top", len(request.tokens) - request.start),
                nll=reader.nll("nll", len(request.tokens) - 1),
            )


def _greedy(reader: _Reader, request: GreedyRequest) -> GreedyAnswer:
    answer = GreedyAnswer(
        tokens=reader.ids("tokens"),
        prompt_tokens=reader.count("prompt_tokens"),
        top=reader.tops("top", request.steps),
        nll=reader.nll("nll", request.steps),
    )
    if answer.prompt_tokens < 1 or len(answer.tokens) != answer.prompt_tokens + request.steps:
        reader.refuse(
            "tokens has the wrong length",
            f"prompt_tokens, 1 or more, and {request.steps} chosen",
            f"{len(answer.tokens)} tokens, prompt_tokens {answer.prompt_tokens}",
        )
    for step, (chosen, top) in enumerate(zip(answer.tokens[answer.prompt_tokens :], answer.top, strict=True)):
        largest = [token for token, logit in top if logit == top[0][1]]
        if chosen not in largest:
            reader.refuse(
                f"step {step} is not greedy", f"the token of the largest logit, {largest[0]}", str(chosen)
            )
    return answer
