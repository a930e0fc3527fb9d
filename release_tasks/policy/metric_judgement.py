"""One metric on its own: is it sound, and does it meet a target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from release_tasks.policy.noise import LEAST_SAMPLES, Interval, Measured, Side, interval, side_of
from release_tasks.records.baseline import Figure


class Flaw(NamedTuple):
    """Why a measured metric cannot be used."""

    wanted: str
    found: str


def measured_of(figure: Figure) -> Measured:
    """The samples of a figure and what is known of their noise."""
    return Measured(samples=figure.samples, stderr=figure.stderr, exact=figure.exact)


def amount(value: float, unit: str) -> str:
    """A value with its unit for people: six significant digits, nothing after a share."""
    return f"{value:.6g}" if unit == "1" else f"{value:.6g} {unit}"


def spread(found: Interval | None, figure: Figure) -> str:
    """What was measured, in words: the median and its interval."""
    if found is None:
        count = len(figure.samples)
        return f"{count} sample{'' if count == 1 else 's'}, where {LEAST_SAMPLES} are the least"
    middle = amount(found.median, figure.unit)
    if found.low == found.high:
        return middle
    return f"{middle}, between {found.low:.6g} and {amount(found.high, figure.unit)}"


def judge_target(figure: Figure, target: float) -> tuple[Side, str]:
    """On which side of its inclusive target a metric lies, and what was measured, in words."""
    found = interval(measured_of(figure))
    return side_of(found, target, figure.direction), spread(found, figure)


def flaw(row: Mapping[str, Any]) -> Flaw | None:
    """What is wrong with a row of evidence that has samples, None for a sound one."""
    for key, what in (("unit", "unit"), ("direction", "direction")):
        said = row[f"reported_{key}"]
        if said is not None and said != row[key]:
            return Flaw(f"the {what} of release.toml, {row[key]}", f"a report in {said}")
    samples, stderr = row["samples"], row["stderr"]
    if row["exact"] and len(set(samples)) > 1:
        return Flaw(
            "the same value from every run: exact = true", f"{min(samples):.6g} to {max(samples):.6g}"
        )
    if stderr is not None and (stderr < 0 or len(samples) != 1):
        return Flaw("one value with a standard error from 0", f"{len(samples)} values, error {stderr:.6g}")
    found = interval(Measured(samples=tuple(samples), stderr=stderr, exact=row["exact"]))
    wanted = (None, None, None) if found is None else (found.median, found.low, found.high)
    stated = (row["median"], row["low"], row["high"])
    if not all(map(_same, stated, wanted)):
        return Flaw(f"median and interval of the samples, {wanted}", str(stated))
    return None


def _same(stated: float | None, wanted: float | None) -> bool:
    if stated is None or wanted is None:
        return stated is wanted
    # The normal quantiles come from the C library, whose last digits differ between systems.
    return math.isclose(stated, wanted, rel_tol=1e-9, abs_tol=1e-12)
