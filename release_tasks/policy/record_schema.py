"""JSON Schema (Draft 2020-12) over records: a validator built once, and whether it holds anything at all.

A schema that names a format which nothing here checks is told so, never believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from release_tasks.errors import FormatError
from release_tasks.formats.schema_formats import schema_formats
from release_tasks.records.data_record import DataRecord
from release_tasks.records.json_value import JSON, JSONObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SAMPLED = 10  # records that are bent to see whether a schema notices
_BENDS = 500  # of one record at most


@dataclass(frozen=True, slots=True)
class Violation:
    """Where a record violates the schema, as `tests[0]` or `the record`, how, and the fields concerned."""

    at: str
    problem: str
    fields: tuple[str, ...]


class RecordSchema:
    """A schema, compiled; `unchecked` are the formats that it names and nothing here checks, sorted."""

    def __init__(self, schema: JSON, *, where: str, published: bool = False) -> None:
        """Raise FormatError for a schema that is invalid itself, or of another dialect than Draft 2020-12.

        A `published` one is ours: the test suite has checked it against its meta-schema.
        """
        dialect = schema.get("$schema", DIALECT) if isinstance(schema, dict) else DIALECT
        if str(dialect).rstrip("#") != DIALECT:
            raise FormatError("another dialect", wanted=DIALECT, found=str(dialect)[:200], where=where)
        if not isinstance(schema, dict | bool):
            raise FormatError("not a JSON Schema", found="neither an object nor a boolean", where=where)
        checker = schema_formats()
        try:
            if not published:
                Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            at = "".join(f"/{part}" for part in error.absolute_path) or "/"
            raise FormatError(
                "not a JSON Schema", found=f"{at}: {error.message[:200]}", where=where
            ) from None
        # An empty registry: a reference to another document is refused, never fetched.
        registry: Registry[Any] = Registry()
        self._validator = Draft202012Validator(schema, format_checker=checker, registry=registry)
        self._where = where
        self.unchecked = tuple(sorted(set(_format_names(schema)) - checker.checkers.keys()))

    def violations(self, value: JSON, *, most: int = 20) -> tuple[Violation, ...]:
        """What is wrong with a value, at most `most` things; raises FormatError for a dead reference."""
        try:
            return tuple(_violation(error) for error in islice(self._validator.iter_errors(value), most))
        except Unresolvable as error:
            raise FormatError(
                "the schema refers to what it does not hold",
                wanted="references inside the schema itself",
                found=str(error)[:200],
                where=self._where,
            ) from None

    def is_vacuous(self, records: Sequence[DataRecord]) -> bool:
        """Whether the schema notices nothing: of records that pass it, every bent copy passes as well.

        Tried on at most SAMPLED records, evenly spread. Bent are: the empty object, every field left out,
        and every value replaced by one of another type, by an empty, a huge and a tiny one.
        """
        step = max(1, len(records) // SAMPLED)
        sample = [record.value for record in records[::step][:SAMPLED]]
        bent = (item for value in sample for item in islice(_bends(value), _BENDS))
        return bool(sample) and not any(self.violations(item, most=1) for item in (*sample, *bent))


def _violation(error: ValidationError) -> Violation:
    path = list(error.absolute_path)
    at = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    message = error.message if len(error.message) <= 200 else f"{error.message[:200]}…"
    names = [at] if at else []
    if error.validator == "required" and isinstance(error.instance, dict):
        wanted = error.validator_value if isinstance(error.validator_value, list) else []
        names = [f"{at}.{name}".lstrip(".") for name in wanted if name not in error.instance]
    return Violation(at or "the record", message, tuple(names))


def _format_names(schema: JSON) -> Iterator[str]:
    if isinstance(schema, dict):
        name = schema.get("format")
        if isinstance(name, str):
            yield name
        for item in schema.values():
            yield from _format_names(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _format_names(item)


def _bends(record: JSONObject) -> Iterator[JSON]:
    """Yield copies of a record with one thing changed each, outermost first."""
    yield {}
    yield {**record, "no such field": None}
    for key, value in record.items():
        yield {name: item for name, item in record.items() if name != key}
        for other in _others(value):
            yield {**record, key: other}
    for key, value in record.items():
        inner: Iterator[JSON] = iter(())
        if isinstance(value, dict):
            inner = _bends(value)
        elif isinstance(value, list) and value:
            first: Iterator[JSON] = _others(value[0])
            inner = ([item, *value[1:]] for item in first)
        for item in inner:
            yield {**record, key: item}


def _others(value: JSON) -> Iterator[JSON]:
    """Yield values that a field that holds `value` should hardly have."""
    yield from (None, "", "\0", [], {}, True, 0.5, 10**18, -(10**18))
    if isinstance(value, str):
        yield value * 1000
    if isinstance(value, list):
        yield value * 1000
