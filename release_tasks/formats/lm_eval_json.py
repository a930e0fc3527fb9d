"""Results of lm-evaluation-harness (`results_<time>.json`): one value per task, metric and filter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Literal

from release_tasks.formats.json_field import Field, read_fields
from release_tasks.records.benchmark_report import Report, Sampled, by_name

_STDERR = "_stderr"
_NO_FILTER = "none"
_NO_STDERR = "N/A"  # what lm-eval writes where it has no standard error
_DUMMY = "dummy"  # lm-eval's own model that answers at random
# `git describe --always`: an abbreviated commit, alone or after the last tag and the distance from it.
_DESCRIBED = re.compile(r"(?:.+-g)?([0-9a-f]{7,40})", re.ASCII)
_FULL_COMMIT = 40
_PER_TASK = (("version", "versions"), ("n-shot", "n-shot"), ("task_hash", "task_hashes"))
_CONFIG = ("limit", "gen_kwargs", "random_seed", "numpy_seed", "torch_seed", "fewshot_seed")
_PROMPTING = ("system_instruction_sha", "fewshot_as_multiturn", "chat_template_sha")


def parse_lm_eval(data: bytes, *, where: str) -> Report:
    """Read every value as `<task>/<metric>`, or `<task>/<metric>,<filter>` where a filter was applied.

    A value that is NaN or infinite gives no metric. The commit is that of the folder where lm-eval ran,
    usually abbreviated; whether it was dirty lm-eval does not say. Raises FormatError with the path of what
    is wrong.
    """
    top = read_fields(data, where=where, python_floats=True)
    higher = top.get("higher_is_better")
    metrics = (
        metric
        for task, values in top["results"].members()
        for metric in _values(task, values, None if higher is None else higher.get(task))
    )
    commit, prefix = _commit(top.get("git_hash"))
    return Report(
        format="lm-eval",
        metrics=by_name(metrics, where),
        commit=commit,
        commit_prefix=prefix,
        machine=tuple(sorted(_machine(top))),
        settings=tuple(sorted(_settings(top))),
        mock=top["config"]["model"].plain() == _DUMMY,
    )


def _values(task: str, values: Field, higher: Field | None) -> Iterator[Sampled]:
    for key, value in values.members():
        metric, comma, applied = key.partition(",")
        if not comma or metric.endswith(_STDERR):
            continue  # alias, sample_len and the like; standard errors are read with their values
        if isinstance(value.value, float) and not math.isfinite(value.value):
            continue
        yield Sampled(
            name=f"{task}/{metric}" if applied == _NO_FILTER else f"{task}/{key}",
            samples=(value.number(),),
            direction=_direction(None if higher is None else higher.get(metric)),
            stderr=_stderr(values.get(f"{metric}{_STDERR},{applied}")),
        )


def _direction(higher: Field | None) -> Literal["higher", "lower"] | None:
    if higher is None:
        return None
    return "higher" if higher.flag() else "lower"


def _stderr(found: Field | None) -> float | None:
    if found is None or found.value == _NO_STDERR:
        return None
    if isinstance(found.value, float) and not math.isfinite(found.value):
        return None
    return found.number(least=0)


def _commit(described: Field | None) -> tuple[str | None, str | None]:
    match = None if described is None else _DESCRIBED.fullmatch(described.text())
    if match is None:
        return None, None
    return (match[1], None) if len(match[1]) == _FULL_COMMIT else (None, match[1])


def _machine(top: Field) -> Iterator[tuple[str, str]]:
    for name, key in (("lm_eval", "lm_eval_version"), ("transformers", "transformers_version")):
        if (fact := top.get(key)) is not None:
            yield name, fact.text()
    if (device := top["config"].get("device")) is not None:
        yield "device", device.text()


def _settings(top: Field) -> Iterator[tuple[str, str]]:
    """Yield what makes two values comparable: versions, n-shot and task hashes above all."""
    for name, key in _PER_TASK:
        by_task = top.get(key) if name == "task_hash" else top[key]
        for task, value in () if by_task is None else by_task.members():
            yield f"{name}/{task}", value.plain()
    samples = top.get("n-samples")
    for task, counts in () if samples is None else samples.members():
        yield f"samples/{task}", counts["effective"].plain()
    for holder, keys in ((top["config"], _CONFIG), (top, _PROMPTING)):
        for key in keys:
            if (setting := holder.get(key)) is not None:
                yield key, setting.plain()
