"""One JSON value bent at every place, or at a few by chance, for readers that must refuse or survive it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value below the top."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def at(value: Any, path: Path) -> Any:
    """Return the value at a path."""
    for key in path:
        value = value[key]
    return value


def mutate(draw: st.DrawFn, value: Any, by: st.SearchStrategy[Any], *, least: int) -> None:
    """Take out or replace `least` to three values, one after the other."""
    for _ in range(draw(st.integers(least, 3))):
        path = draw(st.sampled_from(list(places(value))))
        holder = at(value, path[:-1])
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[path[-1]]
        else:
            holder[path[-1]] = draw(by)


def replaced(value: Any, path: Path, by: Any) -> Any:
    """Return a copy with one value replaced."""
    copied = copy.deepcopy(value)
    at(copied, path[:-1])[path[-1]] = by
    return copied


def without(value: Any, path: Path) -> Any:
    """Return a copy with one value taken out."""
    copied = copy.deepcopy(value)
    del at(copied, path[:-1])[path[-1]]
    return copied
