"""Look into records: a field by its dotted name, every text, and what makes two records the same."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.records.json_value import JSON, JSONObject


def value_at(record: JSONObject, name: str) -> JSON:
    """The value under a dotted name, as `person.age`; null where there is no such field."""
    value: JSON = record
    for part in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def texts_of(value: JSON, name: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a value with its dotted name, list items as `tests[0]`, in the order of the file."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_of(item, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts_of(item, f"{name}[{index}]")


def without(record: JSONObject, names: Collection[str]) -> JSONObject:
    """Copy a record without some fields, given by dotted names."""
    heads = {name for name in names if "." not in name}
    below = [name.partition(".") for name in names if "." in name]
    copied = {key: value for key, value in record.items() if key not in heads}
    for head, _, rest in below:
        inner = copied.get(head)
        if isinstance(inner, dict):
            copied[head] = without(inner, (rest,))
    return copied


def content_digest(record: JSONObject, names: Collection[str]) -> str:
    """SHA-256 over the canonical JSON of a record without some fields: equal when the contents are."""
    return hashlib.sha256(dump_canonical(without(record, names))).hexdigest()
