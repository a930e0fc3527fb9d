"""Median, percentile and spread of the samples of one metric, each by its published definition."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from release_tasks.records.frozen_record import frozen


@frozen
class Summary:
    """What a performance report says of one metric's samples, in the samples' unit."""

    median: float
    p95: float
    min: float
    max: float
    stddev: float


def summarise(samples: Sequence[float]) -> Summary:
    """Summarise finite samples; ValueError when there is none.

    p95 is the 0.95 quantile of Hyndman and Fan (1996), definition 7: linear between the order statistics
    around rank 0.95 (n - 1), as numpy.percentile and R have it. stddev is the sample standard deviation
    (n - 1 in the denominator), 0 for a single sample.
    """
    if not samples:
        raise ValueError("no sample")
    ranked = sorted(samples)
    return Summary(
        median=_quantile(ranked, 0.5),
        p95=_quantile(ranked, 0.95),
        min=ranked[0],
        max=ranked[-1],
        stddev=statistics.stdev(ranked) if len(ranked) > 1 else 0.0,
    )


def median_stderr(iqr: float, count: int) -> float | None:
    """Estimate the standard error of a median from the interquartile range of `count` samples.

    1.25 IQR / (1.35 sqrt(n)): McGill, Tukey and Larsen, Variations of Box Plots (1978). None below two
    samples.
    """
    return 1.25 * iqr / (1.35 * math.sqrt(count)) if count > 1 else None


def _quantile(ranked: Sequence[float], share: float) -> float:
    rank = share * (len(ranked) - 1)
    below = math.floor(rank)
    low, high = ranked[below], ranked[min(below + 1, len(ranked) - 1)]
    # Held within its neighbours, which rounding of the product may leave by one bit.
    return min(max(low + (high - low) * (rank - below), low), high)
