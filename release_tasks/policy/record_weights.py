"""What weights do to a sample: the effective sample size, and how much rests on a few records."""

from __future__ import annotations

import math
from collections.abc import Sequence

HEAVIEST = 0.01  # the share of the records whose weight is looked at


def effective_size_ratio(weights: Sequence[float]) -> float:
    """Effective sample size over the number of records, (Σw)² / (n Σw²) (Kish 1965); 0 without any weight.

    Weights are finite and not negative. They are scaled by the largest, so that no square overflows.
    """
    largest = max(weights, default=0.0)
    if largest == 0:
        return 0.0
    scaled = [weight / largest for weight in weights]
    return min(1.0, math.fsum(scaled) ** 2 / (len(scaled) * math.fsum(weight * weight for weight in scaled)))


def heaviest_share(weights: Sequence[float]) -> float:
    """The share of all weight that the heaviest 1 % of the records have; 0 without any weight.

    Of a hundred records it is one; where 1 % is no whole number, the next record counts by the fraction, so
    that equal weights give 0.01 for every number of records.
    """
    largest = max(weights, default=0.0)
    if largest == 0:
        return 0.0
    ordered = sorted((weight / largest for weight in weights), reverse=True)
    whole, rest = divmod(len(ordered), round(1 / HEAVIEST))
    top = math.fsum([*ordered[:whole], ordered[whole] * rest * HEAVIEST if rest else 0.0])
    return min(1.0, top / math.fsum(ordered))
