"""Write cases.json: lists of values with scipy's Kendall τ-b; scipy is needed here and nowhere else.

Run as `python make_cases.py` in an environment with scipy. Near-ties are made by moving equal values apart by
less than the tolerance, so that what scipy is given (before the move) is what ours must snap to.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import scipy
from scipy.stats import kendalltau

SEED = 20260112
COUNT = 300


def case(rng: random.Random) -> dict[str, object]:
    """Draw one pair of lists: plain, with exact ties, or with ties moved apart by up to 4e-7."""
    size = rng.randint(2, 24)
    kind = rng.choice(("plain", "ties", "near"))
    if kind == "plain":
        first, second = ([rng.gauss(0, 5) for _ in range(size)] for _ in range(2))
    else:
        levels = rng.choice((1, 2, 3, 8))
        first, second = ([float(rng.randrange(levels)) for _ in range(size)] for _ in range(2))
    tau = kendalltau(first, second).statistic
    if kind == "near":
        first, second = ([value + rng.uniform(0, 4e-7) for value in side] for side in (first, second))
    return {"kind": kind, "first": first, "second": second, "tau": None if tau != tau else float(tau)}  # noqa: PLR0124


def main() -> None:
    """Write the table; equal seeds and versions give equal bytes."""
    rng = random.Random(SEED)
    table = {"scipy": scipy.__version__, "seed": SEED, "cases": [case(rng) for _ in range(COUNT)]}
    Path(__file__).with_name("cases.json").write_text(json.dumps(table, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main()
