from __future__ import annotations

import math
from collections import Counter
from itertools import islice, product
from typing import Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from release_tasks.policy.noise import (
    LEAST_SAMPLES,
    MOST_SAMPLES,
    Interval,
    Measured,
    interval,
    middle_ranks,
    side_of,
    splitmix64,
    thinned,
    worsening,
)

QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
ENOUGH = st.lists(NUMBERS, min_size=LEAST_SAMPLES, max_size=12).map(tuple)
MEASURED = st.one_of(
    ENOUGH.map(lambda samples: Measured(samples=samples)),
    st.builds(lambda value, error: Measured(samples=(value,), stderr=error), NUMBERS, st.floats(0, 100)),
    NUMBERS.map(lambda value: Measured(samples=(value,), exact=True)),
)
DIRECTIONS = st.sampled_from(["higher", "lower"])
Direction = Literal["higher", "lower"]


def negated(measured: Measured) -> Measured:
    return Measured(
        samples=tuple(-sample for sample in measured.samples), stderr=measured.stderr, exact=measured.exact
    )


def test_the_generator_is_the_published_one() -> None:
    """The words that its reference implementation gives for this seed."""
    assert list(islice(splitmix64(1234567), 3)) == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7])
def test_the_middle_of_a_resample_is_as_likely_as_counting_all_resamples_says(count: int) -> None:
    """Efron 1979: the bootstrap of the median needs no resampling."""
    counted: Counter[tuple[int, int]] = Counter()
    for resample in product(range(count), repeat=count):
        ordered = sorted(resample)
        counted[ordered[(count - 1) // 2], ordered[count // 2]] += 1
    likely = {(low, high): chance for low, high, chance in middle_ranks(count)}
    assert likely == pytest.approx({pair: counted[pair] / count**count for pair in likely}, abs=1e-12)
    assert set(counted) <= set(likely)


@pytest.mark.parametrize("count", [MOST_SAMPLES - 1, MOST_SAMPLES])
def test_the_middle_of_many_samples_is_known_as_well(count: int) -> None:
    """The binomial sums stay within what a float holds: about 1.96 * sqrt(n) / 2 ranks on each side (95 %)."""
    found = interval(Measured(samples=tuple(map(float, range(count)))))
    assert found is not None
    reach = 1.96 * math.sqrt(count) / 2
    assert found.median - found.low == pytest.approx(reach, abs=1)
    assert found.high - found.median == pytest.approx(reach, abs=1)


def test_the_interval_is_the_same_for_everybody() -> None:
    """R12: fixed generator and seed: these numbers hold on every system and Python."""
    samples = (10.1, 9.7, 10.4, 10.0, 9.9, 10.2, 10.8)
    assert interval(Measured(samples=samples)) == Interval(median=10.1, low=9.9, high=10.4)


@QUICK
@given(ENOUGH)
def test_the_interval_lies_within_the_samples_and_around_their_median(samples: tuple[float, ...]) -> None:
    found = interval(Measured(samples=samples))
    assert found is not None
    assert min(samples) <= found.low <= found.median <= found.high <= max(samples)


def test_a_zero_has_no_sign() -> None:
    """What was asked before must not show in what is told: 0.0 and -0.0 are equal keys of a cache."""
    for sample in (-0.0, 0.0):
        found = interval(Measured(samples=(sample,), exact=True))
        assert found is not None
        assert [math.copysign(1, end) for end in (found.median, found.low, found.high)] == [1, 1, 1]


def test_an_exact_value_has_no_width() -> None:
    assert interval(Measured(samples=(0.7,), exact=True)) == Interval(median=0.7, low=0.7, high=0.7)


def test_a_standard_error_gives_the_normal_interval() -> None:
    """1.96 standard errors on each side, to what 2000 resamples can show."""
    found = interval(Measured(samples=(0.7,), stderr=0.01))
    assert found is not None
    assert found.low == pytest.approx(0.7 - 1.96 * 0.01, abs=2e-4)
    assert found.high == pytest.approx(0.7 + 1.96 * 0.01, abs=2e-4)
    assert found.median - found.low == pytest.approx(found.high - found.median)


@pytest.mark.parametrize("count", range(1, LEAST_SAMPLES))
def test_too_few_samples_say_nothing(count: int) -> None:
    """Formats.md: a performance gate with N = 1 is useless."""
    assert interval(Measured(samples=(1.0,) * count)) is None
    assert side_of(interval(Measured(samples=(1.0,) * count)), 100.0, "lower") == "unclear"
    enough = Measured(samples=(1.0,) * LEAST_SAMPLES)
    assert worsening(Measured(samples=(1.0,) * count), enough, "lower") is None


@QUICK
@given(MEASURED, MEASURED, DIRECTIONS)
def test_directions_mirror_each_other(then: Measured, now: Measured, direction: Direction) -> None:
    """A metric of which more is better is its negative of which less is better, to the last bit."""
    other: Direction = "lower" if direction == "higher" else "higher"
    assert worsening(then, now, direction) == worsening(negated(then), negated(now), other)


@QUICK
@given(MEASURED, st.floats(-1e6, 1e6), DIRECTIONS)
def test_targets_mirror_each_other(measured: Measured, limit: float, direction: Direction) -> None:
    found = interval(measured)
    assert found is not None
    mirrored = Interval(median=-found.median, low=-found.high, high=-found.low)
    other: Direction = "lower" if direction == "higher" else "higher"
    assert side_of(found, limit, direction) == side_of(mirrored, -limit, other)


@QUICK
@given(MEASURED, DIRECTIONS)
@example(Measured(samples=(0.0,), exact=True), "lower")
def test_nothing_is_worse_than_itself_when_it_is_exact(measured: Measured, direction: Direction) -> None:
    exact = Measured(samples=measured.samples[:1], exact=True)
    assert worsening(exact, exact, direction) == Interval(median=0, low=0, high=0)


@pytest.mark.parametrize(
    ("then", "now", "direction", "worse"),
    [
        (1.0, 1.05, "lower", 0.05),  # not 0.050000000000000044
        (0.7, 0.665, "higher", 0.05),
        (100.0, 90.0, "lower", -0.1),
        (-10.0, -9.0, "lower", 0.1),  # of a negative baseline its size counts
        (-10.0, -11.0, "higher", 0.1),
        (0.0, 0.04, "lower", 0.04),  # of 0 nothing is a share: the difference, in the metric's unit
        (0.0, 0.04, "higher", -0.04),
        (0.0, 0.0, "higher", 0.0),
    ],
)
def test_what_worse_means(then: float, now: float, direction: Direction, worse: float) -> None:
    """R12: direction per metric, baselines of 0 and below."""
    found = worsening(Measured(samples=(then,), exact=True), Measured(samples=(now,), exact=True), direction)
    assert found == Interval(median=worse, low=worse, high=worse)


@pytest.mark.parametrize(
    ("low", "high", "direction", "side"),
    [
        (1.0, 5.0, "lower", "within"),  # inclusive
        (1.0, 5.1, "lower", "unclear"),
        (5.0, 5.1, "lower", "unclear"),
        (5.1, 6.0, "lower", "beyond"),
        (5.0, 9.0, "higher", "within"),
        (4.9, 9.0, "higher", "unclear"),
        (1.0, 4.9, "higher", "beyond"),
        (math.nan, 1.0, "lower", "unclear"),
        (1.0, math.nan, "lower", "unclear"),
        (math.nan, 9.0, "higher", "unclear"),
        (math.nan, math.nan, "lower", "unclear"),
    ],
)
def test_sides_of_a_limit(low: float, high: float, direction: Direction, side: str) -> None:
    assert side_of(Interval(median=low, low=low, high=high), 5.0, direction) == side


def test_samples_at_the_end_of_what_a_float_holds_are_unclear_never_fine() -> None:
    huge = Measured(samples=(1.7e308, -1.7e308) * 4)
    one = Measured(samples=(1.0,), exact=True)
    assert side_of(worsening(huge, one, "lower"), 0.05, "lower") == "unclear"
    least, most = (Measured(samples=(value,), exact=True) for value in (-1.7e308, 1.7e308))
    assert side_of(worsening(least, most, "lower"), 0.05, "lower") == "unclear"


def test_more_samples_tell_more() -> None:
    """The same spread around 3 % worse: five samples cannot say that it is below 5 %, fifty can."""
    spread = (-4.0, -2.0, 0.0, 2.0, 4.0)
    few = [Measured(samples=tuple(base + step for step in spread)) for base in (100.0, 103.0)]
    many = [Measured(samples=tuple(base + step for step in spread * 40)) for base in (100.0, 103.0)]
    assert side_of(worsening(few[0], few[1], "lower"), 0.05, "lower") == "unclear"
    assert side_of(worsening(many[0], many[1], "lower"), 0.05, "lower") == "within"
    assert side_of(worsening(many[0], many[1], "lower"), 0.01, "lower") == "beyond"


@given(st.lists(NUMBERS, min_size=1, max_size=2000))
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_of_very_many_samples_quantiles_stand_for_all(samples: list[float]) -> None:
    kept = thinned(samples)
    assert len(kept) == min(len(samples), MOST_SAMPLES)
    assert (min(kept), max(kept)) == (min(samples), max(samples))
    if len(samples) <= MOST_SAMPLES:
        assert kept == tuple(samples)
