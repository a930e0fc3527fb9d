"""How far the shares of a field's categories are from their targets."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from release_tasks.records.json_value import JSON


def category_name(value: JSON) -> str:
    """A value as the name of a category: a text is its own name, anything else its JSON, as `true`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def shares(values: Iterable[tuple[JSON, float]]) -> dict[str, float]:
    """The share of each category, given each record's value and weight; no shares without any weight."""
    found: dict[str, list[float]] = defaultdict(list)
    for value, weight in values:
        found[category_name(value)].append(weight)
    sums = {name: math.fsum(weights) for name, weights in found.items()}
    total = math.fsum(sums.values())
    return {name: part / total for name, part in sorted(sums.items())} if total else {}


def l1_distance(found: Mapping[str, float], wanted: Mapping[str, float]) -> float:
    """The sum of absolute differences over all categories of either side: from 0, equal, to 2, disjoint."""
    names = sorted(found.keys() | wanted.keys())
    return math.fsum(abs(found.get(name, 0.0) - wanted.get(name, 0.0)) for name in names)
