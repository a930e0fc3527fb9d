"""The shape of evidence: which keys a record must have, exactly, and what each must hold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime

from release_tasks.records.frozen_record import frozen, frozen_positional
from release_tasks.records.json_value import JSON, JSONObject


@frozen_positional
class Misfit:
    """A key of a record that is missing, unknown, or holds something else than a measurement."""

    key: str
    wanted: str
    found: str


Field = Callable[[JSON, str], Iterator[Misfit]]


def _no_contradiction(_data: JSONObject) -> Iterator[Misfit]:
    return iter(())


@frozen
class EvidenceKind:
    """The fields of one kind; `many` kinds have a record for each name, `KIND/NAME`, that holds its name.

    `contradictions` finds in a well-shaped record the figures that cannot all be true.
    """

    fields: Mapping[str, Field]
    many: bool = False
    contradictions: Callable[[JSONObject], Iterator[Misfit]] = _no_contradiction


def misfits(data: JSONObject, fields: Mapping[str, Field], prefix: str = "") -> Iterator[Misfit]:
    """Yield every field that is missing, of another type, or not known: nothing in evidence is decoration."""
    for name, field in fields.items():
        if name in data:
            yield from field(data[name], prefix + name)
        else:
            yield Misfit(prefix + name, "a measurement", "no such key")
    for name in sorted(data.keys() - fields.keys()):
        yield Misfit(prefix + ascii(name)[1:-1][:100], "no such key", ascii(data[name])[:100])


def one(wanted: str, fits: Callable[[JSON], bool]) -> Field:
    """Make a field of one value that fits."""

    def check(value: JSON, key: str) -> Iterator[Misfit]:
        if not fits(value):
            yield Misfit(key, wanted, ascii(value)[:100])

    return check


def rows(fields: Mapping[str, Field]) -> Field:
    """Make a field of a list of objects with these fields."""

    def check(value: JSON, key: str) -> Iterator[Misfit]:
        if not isinstance(value, list):
            yield Misfit(key, "a list", ascii(value)[:100])
            return
        for index, row in enumerate(value):
            yield from nested(fields)(row, f"{key}[{index}]")

    return check


def nested(fields: Mapping[str, Field]) -> Field:
    """Make a field of one object with these fields."""

    def check(value: JSON, key: str) -> Iterator[Misfit]:
        if isinstance(value, dict):
            yield from misfits(value, fields, f"{key}.")
        else:
            yield Misfit(key, "an object", ascii(value)[:100])

    return check


def mapping(field: Field) -> Field:
    """Make a field of an object whose keys are free and whose values all fit one field."""

    def check(value: JSON, key: str) -> Iterator[Misfit]:
        if not isinstance(value, dict):
            yield Misfit(key, "an object", ascii(value)[:100])
            return
        for name, item in value.items():
            yield from field(item, f"{key}.{ascii(name)[1:-1][:100]}")

    return check


def or_null(field: Field) -> Field:
    """Make a field that may also be null."""

    def check(value: JSON, key: str) -> Iterator[Misfit]:
        if value is not None:
            yield from field(value, key)

    return check


def _is_number(value: JSON) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def _is_moment(value: JSON) -> bool:
    if not isinstance(value, str) or not value.endswith("Z"):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_date(value: JSON) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)

FLAG = one("true or false", lambda value: isinstance(value, bool))
FLAG_OR_NULL = or_null(FLAG)
COUNT = one(
    "a whole number, 0 or more",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
)
NUMBER = one("a finite number", _is_number)
NUMBERS = one(
    "a list of finite numbers", lambda value: isinstance(value, list) and all(map(_is_number, value))
)
RATE = one("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)  # type: ignore[operator]
CORRELATION = one("a number from -1 to 1", lambda value: _is_number(value) and -1 <= value <= 1)  # type: ignore[operator]
AMOUNT = one("a number, 0 or more", lambda value: _is_number(value) and value >= 0)  # type: ignore[operator]
TEXT = one("a text", lambda value: isinstance(value, str))
TEXT_OR_NULL = or_null(TEXT)
TEXTS = one(
    "a list of texts", lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value)
)
DIGEST = one(
    "a digest, sha256:<64 hex>", lambda value: isinstance(value, str) and bool(_DIGEST.fullmatch(value))
)
MOMENT = one("a moment in UTC, as 2026-01-31T12:00:00Z", _is_moment)
DATE = one("a day, as 2026-01-31", _is_date)
