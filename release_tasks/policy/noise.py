"""What samples say of a metric despite noise: a median, its interval, and on which side of a limit it lies.

The interval is the percentile interval of the bootstrap (Efron and Tibshirani 1993, chapter 13): medians of
`RESAMPLES` resamples, of which the middle `LEVEL` counts. How likely each sample is to be the median of a
resample is known, so medians are drawn by that and resamples are not; which draws of two metrics meet is up
to SplitMix64 with a fixed seed. The same samples give the same interval everywhere. A value with a stated
standard error is resampled from the normal distribution (the parametric bootstrap, chapter 6.5).
"""

from __future__ import annotations

import functools
import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import NormalDist, median
from typing import Literal

from release_tasks.config.schema import Direction
from release_tasks.records.frozen_record import frozen

RESAMPLES = 2000
LEVEL = 0.95
LEAST_SAMPLES = 5  # the range of fewer holds the true median in less than 93 % of all cases: 1 - 2^(1-n)
MOST_SAMPLES = 501  # more add nothing to an interval but time
_SEED = 20_260_121
_WORD = 2**64 - 1
_CUT = round(RESAMPLES * (1 - LEVEL) / 2)  # resamples beyond each end of the interval
_PLACES = 12  # of a relative change: 1.05 against 1.0 is 5 %, and not a hair more

Side = Literal["within", "beyond", "unclear"]


@frozen
class Measured:
    """One metric: its samples, at least one, and what is known of their noise.

    `stderr` is the standard error of the one sample. An `exact` metric has none: a seeded count, which
    anybody who measures it again finds the same.
    """

    samples: tuple[float, ...]
    stderr: float | None = None
    exact: bool = False


@frozen
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
    quantile = _quantile(measured)
    if quantile is None:
        return None
    return _finite(median(measured.samples), quantile(_parts()[_CUT]), quantile(_parts()[-1 - _CUT]))


@functools.lru_cache(maxsize=1024)
def worsening(then: Measured, now: Measured, direction: Direction) -> Interval | None:
    """How much worse `now` is than `then`, 0.05 for 5 %, negative for better; None when nobody can say.

    Relative to the size of what was: |median of `then`|. Of a baseline of 0 nothing is a share, so the
    difference itself counts, in the unit of the metric. Both sides are resampled independently.
    """
    if direction == "higher":
        return worsening(_negated(then), _negated(now), "lower")
    before, after = _quantile(then), _quantile(now)
    if before is None or after is None:
        return None
    draws = sorted(map(_worse, map(before, _shuffled(0)), map(after, _shuffled(1))))
    if not all(map(math.isfinite, draws)):
        return None
    return _finite(_worse(median(then.samples), median(now.samples)), draws[_CUT], draws[-1 - _CUT])


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


def _finite(centre: float, low: float, high: float) -> Interval | None:
    if not all(map(math.isfinite, (centre, low, high))):  # samples near the end of what a float can hold
        return None
    # The sum makes -0.0 to 0.0: the caches hold them for equal.
    return Interval(median=centre + 0.0, low=low + 0.0, high=high + 0.0)


def splitmix64(seed: int) -> Iterator[int]:
    """Endless words of 64 bits (Steele, Lea and Flood, Fast Splittable Pseudorandom Generators, 2014)."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & _WORD
        mixed = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        yield mixed ^ (mixed >> 31)


@functools.cache
def _parts() -> tuple[float, ...]:
    """The middles of `RESAMPLES` equal parts of 0 to 1."""
    return tuple((rank + 0.5) / RESAMPLES for rank in range(RESAMPLES))


@functools.cache
def _shuffled(stream: int) -> tuple[float, ...]:
    """The same in an order that is random but always the same."""
    return tuple(part for _, part in sorted(zip(splitmix64(_SEED + stream), _parts(), strict=False)))


def _quantile(measured: Measured) -> Callable[[float], float] | None:
    """The quantiles of the medians of resamples, or of the metric's centre where its noise is known."""
    samples = measured.samples
    if (stderr := measured.stderr) is not None:
        normal = NormalDist().inv_cdf
        return lambda part: samples[0] + stderr * normal(part)
    if measured.exact:
        return lambda _part: samples[0]
    if len(samples) < LEAST_SAMPLES:
        return None
    ordered = sorted(samples)
    middles = (
        (ordered[low] if low == high else (ordered[low] + ordered[high]) / 2, chance)
        for low, high, chance in middle_ranks(len(samples))
    )
    medians, chances = zip(*sorted(middles), strict=True)
    reached = list(accumulate(chances[:-1]))  # the largest has the rest
    return lambda part: float(medians[bisect_right(reached, part)])


@functools.lru_cache(maxsize=64)
def middle_ranks(count: int) -> tuple[tuple[int, int, float], ...]:
    """Which two samples, by rank, lie in the middle of a resample of `count`, each pair with its probability.

    Of an odd count both ranks of a pair are the same. No resample need be drawn to know them (Efron 1979,
    Bootstrap methods: another look at the jackknife, section 3): the k-th smallest is at most the one of rank
    r when k or more of `count` draws are, each with probability (r + 1) / count.
    """
    half = count // 2
    at_most = _at_most(count, half + count % 2)
    exactly = [now - before for before, now in pairwise((0.0, *at_most))]
    if count % 2:
        return tuple((rank, rank, max(chance, 0.0)) for rank, chance in enumerate(exactly))
    # The lower half up to rank `low` and touching it, the upper half from `high` on and touching it.
    share = [(rank / count) ** half for rank in range(count + 1)]
    ways = math.comb(count, half)
    touching = [ways * (share[rank + 1] - share[rank]) for rank in range(count)]
    return tuple(
        (
            low,
            high,
            touching[low] * (share[count - high] - share[count - high - 1])
            if low < high
            else max(exactly[low] - touching[low] * share[count - low - 1], 0.0),
        )
        for low in range(count)
        for high in range(low, count)
    )


def _at_most(count: int, least: int) -> list[float]:
    """For each rank the probability that `least` or more of `count` draws are of that rank at most."""
    ways = [(drawn, float(math.comb(count, drawn))) for drawn in range(least, count + 1)]
    shares = ((rank + 1) / count for rank in range(count))
    return [
        sum(some * share**drawn * (1 - share) ** (count - drawn) for drawn, some in ways) for share in shares
    ]
