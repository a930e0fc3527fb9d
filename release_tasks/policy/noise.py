"""What samples say of a metric despite noise: a median, its interval, and on which side of a limit it lies.

The interval is the percentile interval of the bootstrap (Efron and Tibshirani 1993, chapter 13): medians of
`RESAMPLES` resamples, of which the middle `LEVEL` counts. The generator (SplitMix64) and its seed are fixed,
so the same samples give the same interval everywhere. A value with a stated standard error is resampled from
the normal distribution (the parametric bootstrap, chapter 6.5).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import NormalDist, median
from typing import Literal

from release_tasks.config.schema import Direction

RESAMPLES = 2000
LEVEL = 0.95
LEAST_SAMPLES = 5  # the range of fewer holds the true median in less than 93 % of all cases: 1 - 2^(1-n)
MOST_SAMPLES = 501  # more add nothing to an interval but time
_SEED = 20_260_121
_WORD = 2**64 - 1
_CUT = round(RESAMPLES * (1 - LEVEL) / 2)  # resamples beyond each end of the interval
_PLACES = 12  # of a relative change: 1.05 against 1.0 is 5 %, and not a hair more

Side = Literal["within", "beyond", "unclear"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One metric: its samples, at least one, and what is known of their noise.

    `stderr` is the standard error of the one sample. An `exact` metric has none: a seeded count, which
    anybody who measures it again finds the same.
    """

    samples: tuple[float, ...]
    stderr: float | None = None
    exact: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A median (or what was made of two) between the ends of its interval, both inclusive."""

    median: float
    low: float
    high: float


def thinned(samples: Sequence[float]) -> tuple[float, ...]:
    """At most `MOST_SAMPLES` of the samples, in place of more their evenly spaced quantiles."""
    if len(samples) <= MOST_SAMPLES:
        return tuple(samples)
    ordered = sorted(samples)
    last = len(ordered) - 1
    return tuple(ordered[(rank * last) // (MOST_SAMPLES - 1)] for rank in range(MOST_SAMPLES))


@functools.lru_cache(maxsize=1024)
def interval(measured: Measured) -> Interval | None:
    """The interval of the median; None when the samples are too few to say."""
    draws = _draws(measured, stream=0)
    return None if draws is None else _percentiles(median(measured.samples), draws)


@functools.lru_cache(maxsize=1024)
def worsening(then: Measured, now: Measured, direction: Direction) -> Interval | None:
    """How much worse `now` is than `then`, 0.05 for 5 %, negative for better; None when nobody can say.

    Relative to the size of what was: |median of `then`|. Of a baseline of 0 nothing is a share, so the
    difference itself counts, in the unit of the metric. Both sides are resampled independently.
    """
    if direction == "higher":
        return worsening(_negated(then), _negated(now), "lower")
    before, after = (_draws(side, stream) for stream, side in enumerate((then, now)))
    if before is None or after is None:
        return None
    changes = list(map(_worse, before, after))
    return _percentiles(_worse(median(then.samples), median(now.samples)), changes)


def side_of(found: Interval | None, limit: float, direction: Direction) -> Side:
    """Tell whether an interval keeps an inclusive limit: the most allowed (`lower`), or the least.

    An interval that spans the limit is `unclear`, and so is NaN.
    """
    if found is None or not found.low <= found.high:
        return "unclear"
    low, high, edge = found.low, found.high, limit
    if direction == "higher":
        low, high, edge = -high, -low, -limit
    if high <= edge:
        return "within"
    return "beyond" if low > edge else "unclear"


def _negated(measured: Measured) -> Measured:
    return replace(measured, samples=tuple(-sample for sample in measured.samples))


def _worse(then: float, now: float) -> float:
    return round(now - then if then == 0 else (now - then) / abs(then), _PLACES)


def _percentiles(centre: float, draws: list[float]) -> Interval | None:
    if not all(map(math.isfinite, (centre, *draws))):  # samples near the end of what a float can hold
        return None
    ordered = sorted(draws)
    return Interval(median=centre, low=ordered[_CUT], high=ordered[-1 - _CUT])


def splitmix64(seed: int) -> Iterator[int]:
    """Endless words of 64 bits (Steele, Lea and Flood, Fast Splittable Pseudorandom Generators, 2014)."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & _WORD
        mixed = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        yield mixed ^ (mixed >> 31)


def _draws(measured: Measured, stream: int) -> list[float] | None:
    """Medians of resamples, or other draws of the metric's centre where its noise is known."""
    words = splitmix64(_SEED + stream)
    samples = measured.samples
    if measured.stderr is not None:
        quantiles = (NormalDist().inv_cdf((rank + 0.5) / RESAMPLES) for rank in range(RESAMPLES))
        shuffled = sorted(zip(words, quantiles, strict=False))
        return [samples[0] + measured.stderr * quantile for _, quantile in shuffled]
    if measured.exact:
        return [samples[0]] * RESAMPLES
    count = len(samples)
    if count < LEAST_SAMPLES:
        return None
    return [median([samples[word * count >> 64] for word in islice(words, count)]) for _ in range(RESAMPLES)]
