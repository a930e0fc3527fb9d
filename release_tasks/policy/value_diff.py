"""Two JSON values compared key by key; the count is exact, what is shown of it bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from release_tasks.records.difference import ValueDifference, ValueDifferences
from release_tasks.records.json_value import JSON

SHOWN = 50
_WIDEST = 120  # characters of a value
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

Pair = tuple[str, bool, JSON, bool, JSON]  # key; whether there is one before, and it; the same after


def compare_values(before: JSON, after: JSON) -> ValueDifferences:
    """Compare two values; dotted keys as `layers[2].width`, the empty key is the value itself.

    Types count (1 is not 1.0, nor true), the order of keys does not. An object or list that is only on one
    side is one difference.
    """
    return collect_values(differing_values(before, after))


def collect_values(differences: Iterable[ValueDifference], *, shown: int = SHOWN) -> ValueDifferences:
    """Count all differences and keep the first of them."""
    rest = iter(differences)
    kept = tuple(islice(rest, shown))
    return ValueDifferences(count=len(kept) + sum(1 for _ in rest), shown=kept)


def differing_values(before: JSON, after: JSON, key: str = "") -> Iterator[ValueDifference]:
    """Yield every difference below `key`, keys sorted, lists by index."""
    pending: list[Pair] = [(key, True, before, True, after)]
    while pending:
        place, had, old, has, new = pending.pop()
        if had and has:
            inner = _inner(place, old, new)
            if inner is not None:
                pending += reversed(inner)
            elif differs(old, new):
                yield ValueDifference(key=place, before=short_json(old), after=short_json(new))
        else:
            yield ValueDifference(
                key=place, before=short_json(old) if had else None, after=short_json(new) if has else None
            )


def _inner(place: str, old: JSON, new: JSON) -> list[Pair] | None:
    """The values inside two containers of one type; None for anything else."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted(old.keys() | new.keys())
        return [
            (dotted(place, name), name in old, old.get(name), name in new, new.get(name)) for name in names
        ]
    if isinstance(old, list) and isinstance(new, list):
        return [
            (
                f"{place}[{index}]",
                index < len(old),
                old[index] if index < len(old) else None,
                index < len(new),
                new[index] if index < len(new) else None,
            )
            for index in range(max(len(old), len(new)))
        ]
    return None


def differs(old: JSON, new: JSON) -> bool:
    """Whether two values that are no containers differ; 1 is not 1.0, nor true, and NaN is itself."""
    return type(old) is not type(new) or (old != new and (old == old or new == new))  # noqa: PLR0124 - NaN


def dotted(place: str, name: str) -> str:
    """A key below another one; a name that is no plain word stands in brackets, as JSON."""
    if _PLAIN_KEY.fullmatch(name):
        return f"{place}.{name}" if place else name
    return f"{place}[{json.dumps(name)}]"


def short_json(value: JSON) -> str:
    """A value as JSON on one line, cut off where it is long; ASCII but for the mark of that."""
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"
