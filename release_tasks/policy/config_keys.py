"""The configuration of a model as dotted keys: what a contract holds of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.value_diff import dotted
from release_tasks.records.json_value import JSON

_LONGEST = 200  # characters of a text that is kept as it is


def config_keys(config: JSON) -> tuple[tuple[str, JSON], ...]:
    """Every key with its value, sorted; lists, empty objects and long texts as the digest of their JSON.

    A configuration that is no object is one value with the empty key; an empty one has no key.
    """
    return () if config == {} else tuple(sorted(_keys(config, ""), key=lambda pair: pair[0]))


def _keys(value: JSON, key: str) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _keys(item, dotted(key, name))
    elif isinstance(value, list | dict) or (isinstance(value, str) and len(value) > _LONGEST):
        yield key, f"sha256:{hashlib.sha256(dump_canonical(value)).hexdigest()}"
    else:
        yield key, value
