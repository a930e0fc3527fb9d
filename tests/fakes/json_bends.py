"""One JSON value bent at every place, each bend alone, for readers that must refuse or survive it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

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
