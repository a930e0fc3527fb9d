"""A rubric: criteria with weights, the least score, how many samples, and what the judge is told."""

from __future__ import annotations

import math

from release_tasks.config.fields import Table, open_document
from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.config.readers import integer, matching, number, text, wrong_type
from release_tasks.config.schema import SCHEMA
from release_tasks.errors import ConfigError
from release_tasks.records.frozen_record import frozen

_CRITERION = matching(r"[a-z][a-z0-9_]{0,63}", "a-z, then also 0-9 and _; at most 64 characters")
_TOLERANCE = 1e-9  # of the sum of weights: decimals such as 0.1 have no exact binary form


@frozen
class Criterion:
    """One thing that is judged from 0 to 1, its weight in the score, and what it means."""

    name: str
    weight: float
    description: str


@frozen
class Rubric:
    """How samples are judged; criteria in the order of the file, whose weights sum to 1.

    `instruction` is a Jinja2 template; it is given `sample` (the object) and `criteria`.
    """

    criteria: tuple[Criterion, ...]
    threshold: float
    sample_size: int
    seed: int
    instruction: str


def _share(value: object) -> float:
    found = number(value)
    if not 0 <= found <= 1:
        raise ConfigError("number out of range", wanted="0 to 1", found=str(found))
    return float(found)


def _template(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong_type(value, "a text: what the judge is told")
    return value


def _read_criterion(table: Table, name: str) -> Criterion | None:
    weight = table.one("weight", _share, required="the weight of the criterion, 0 to 1")
    description = table.one("description", text, required="what the criterion means")
    table.close()
    if weight is None or description is None:
        return None
    return Criterion(name=name, weight=weight, description=description)


def _read_criteria(table: Table | None) -> tuple[Criterion, ...]:
    if table is None:
        return ()
    found = []
    for key in table.keys:
        try:
            _CRITERION(key)
        except ConfigError as error:
            table.problem(error, key)
        inner = table.table(key)
        found.append(None if inner is None else _read_criterion(inner, key))
    criteria = tuple(item for item in found if item is not None)
    total = math.fsum(item.weight for item in criteria)
    if len(criteria) == len(found) and abs(total - 1) > _TOLERANCE:
        table.problem(ConfigError("weights do not sum to 1", wanted="1", found=f"{total:.9g}"))
    return criteria


def parse_rubric(data: bytes, *, where: str) -> Rubric:
    """Read a rubric in plain YAML; raises ConfigError when it is none, ConfigErrors with every problem."""
    try:
        document = parse_plain_yaml(data.decode("utf-8"), where=where)
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8", found=f"byte at offset {error.start}", where=where) from None
    top, problems = open_document(document, SCHEMA, where=where)
    criteria = _read_criteria(top.table("criteria", required="criteria, each with weight and description"))
    threshold = top.one("threshold", _share, required="the least score that passes, 0 to 1")
    sample_size = top.one("sample_size", integer(1, 1_000_000), required="how many samples are judged")
    seed = top.one("seed", integer(0), required="the seed by which samples are chosen")
    instruction = top.one("instruction", _template, required="what the judge is told")
    top.close()
    problems.check()
    if threshold is None or sample_size is None or seed is None or instruction is None:
        raise AssertionError("BUG: a rubric is incomplete and has no problem")
    return Rubric(
        criteria=criteria, threshold=threshold, sample_size=sample_size, seed=seed, instruction=instruction
    )
