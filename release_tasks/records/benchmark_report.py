"""What a benchmark's report says, whichever harness wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

from release_tasks.errors import FormatError
from release_tasks.records.frozen_record import frozen

Facts = tuple[tuple[str, str], ...]


@frozen
class Sampled:
    """One metric: its raw samples in the order measured, or the one value that the report has.

    `unit` and `direction` (which way is better) are None where the format does not say them. `stderr` is the
    standard error of the one value, in the same unit, where the format states it.
    """

    name: str
    samples: tuple[float, ...]
    unit: str | None = None
    direction: Literal["higher", "lower"] | None = None
    stderr: float | None = None


@frozen
class Report:
    """One report: at least one metric, each name once, sorted by name.

    `commit` is 40 lower-case hex digits; `commit_prefix` are its first 7 to 39 where the harness abbreviates
    it (lm-eval), for git to complete. `model_hash` is `sha256:<64 hex>` of the measured file. `machine` holds
    facts that must be alike for two reports to be compared (processor, system, library versions), `settings`
    what must be equal (n-shot, task hashes, threads, seed); both sorted by name. What a format does not say
    is None or not there. `mock` is true when no real model was measured.
    """

    format: str
    metrics: tuple[Sampled, ...]
    commit: str | None = None
    commit_prefix: str | None = None
    dirty: bool | None = None
    model_hash: str | None = None
    machine: Facts = ()
    settings: Facts = ()
    mock: bool = False


def by_name(metrics: Iterable[Sampled], where: str) -> tuple[Sampled, ...]:
    """Sort metrics; raises FormatError when there is none, or two have one name."""
    found = tuple(sorted(metrics, key=lambda metric: metric.name))
    if not found:
        raise FormatError("the report has no measured value", wanted="at least one", where=where)
    for one, other in pairwise(found):
        if one.name == other.name:
            raise FormatError(
                "the report has a metric twice",
                wanted="every name once",
                found=ascii(one.name)[:200],
                where=where,
            )
    return found
