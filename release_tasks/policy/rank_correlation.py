"""Kendall's τ-b between two lists of values, where values that lie close together count as tied."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

TOLERANCE = 1e-6


def tie_groups(values: Sequence[float], tolerance: float = TOLERANCE) -> tuple[int, ...]:
    """The rank of each value, 0 for the smallest group; values of one group are tied.

    Two values that differ by at most `tolerance` (the difference in double precision) are tied, and so are
    values that a chain of such neighbours connects: "differs by at most" alone is not transitive, and this is
    the smallest equivalence that holds it. Values must be finite.
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    rank = 0
    for before, index in pairwise(order):
        rank += values[index] - values[before] > tolerance
        ranks[index] = rank
    return tuple(ranks)


def kendall_tau_b(first: Sequence[float], second: Sequence[float], tolerance: float = TOLERANCE) -> float:
    """Kendall's τ-b (Kendall 1945), from -1 to 1, of paired values after `tie_groups` on each side.

    0.0 where τ-b is undefined: one side is all tied, or there are fewer than two pairs. Discordant pairs are
    counted as Knight (1966) does, by insertion. Raises ValueError when the lists differ in length.
    """
    ranks = tie_groups(first, tolerance), tie_groups(second, tolerance)
    pairs = sorted(zip(*ranks, strict=True))
    total = _pairs_of(len(pairs))
    tied_first, tied_second = map(_tied_pairs, ranks)
    if total in (tied_first, tied_second):
        return 0.0
    discordant = 0
    seen: list[int] = []
    for _, y in pairs:
        discordant += len(seen) - bisect_right(seen, y)
        insort(seen, y)
    # Concordant less discordant pairs.
    excess = total - tied_first - tied_second + _tied_pairs(pairs) - 2 * discordant
    return excess / math.sqrt((total - tied_first) * (total - tied_second))


def _tied_pairs(ranks: Collection[object]) -> int:
    if len(set(ranks)) == len(ranks):
        return 0
    return sum(map(_pairs_of, Counter(ranks).values()))


def _pairs_of(count: int) -> int:
    return count * (count - 1) // 2
