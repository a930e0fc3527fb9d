"""What a judge is asked and what it answers: one JSON object a line, in the same order (docs/reference)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

PROTOCOL_VERSION = 1


@frozen
class Judgement:
    """One judgement: scores from 0 to 1 by criterion, or why there are none."""

    sample: str
    scores: tuple[tuple[str, float], ...] = ()
    problem: str | None = None


def judge_request(sample: JSONObject, *, instruction: str, criteria: Sequence[str]) -> JSONObject:
    """The request about one sample, which holds its id."""
    names: list[JSON] = list(criteria)
    return {
        "version": PROTOCOL_VERSION,
        "id": sample["id"],
        "instruction": instruction,
        "criteria": names,
        "sample": sample,
    }


def parse_samples(data: bytes, *, where: str) -> tuple[JSONObject, ...]:
    """Read samples in JSON Lines, objects with an id of their own; raises FormatError naming the line."""
    found: dict[str, JSONObject] = {}
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        at = f"{where}:{number}"
        value = parse_strict(line, where=at)
        name = value.get("id") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(name, str) or not name:
            raise FormatError(
                "not a sample", wanted="an object with an id, a text", found=ascii(value)[:100], where=at
            )
        if name in found:
            raise FormatError("two samples have one id", wanted="an id for each", found=ascii(name), where=at)
        found[name] = value
    return tuple(found.values())


def _score(value: JSON) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None


def _judgement(line: bytes, sample: str, criteria: Sequence[str]) -> Judgement:
    """One answer; whatever is wrong with it is a failed judgement, never an error."""
    try:
        value = parse_strict(line)
    except FormatError as error:
        return Judgement(sample=sample, problem=f"not JSON: {error.found or error.what}"[:200])
    if not isinstance(value, dict) or value.get("id") != sample:
        return Judgement(sample=sample, problem="an answer about something else")
    if "error" in value:
        return Judgement(sample=sample, problem=f"the judge says: {ascii(value['error'])[:200]}")
    scores = value.get("scores")
    if not isinstance(scores, dict) or set(scores) != set(criteria):
        return Judgement(sample=sample, problem="scores are not of the rubric's criteria")
    found = [(name, _score(scores[name])) for name in criteria]
    wrong = [name for name, score in found if score is None]
    if wrong:
        return Judgement(sample=sample, problem=f"no number from 0 to 1 for {', '.join(wrong)}")
    return Judgement(sample=sample, scores=tuple((name, score) for name, score in found if score is not None))


def parse_judgements(
    data: bytes, *, samples: Sequence[str], criteria: Sequence[str]
) -> tuple[Judgement, ...]:
    """Read the answers about `samples`, in their order; one that is missing is a failed judgement (K24).

    Raises FormatError when there are more answers than samples.
    """
    lines = [line for line in data.split(b"\n") if line.strip()]
    if len(lines) > len(samples):
        raise FormatError(
            "the judge answered more than it was asked",
            wanted=f"{len(samples)} lines of JSON",
            found=f"{len(lines)} lines",
        )
    return tuple(
        _judgement(lines[index], sample, criteria)
        if index < len(lines)
        else Judgement(sample=sample, problem="no answer")
        for index, sample in enumerate(samples)
    )
