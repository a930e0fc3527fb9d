"""The published schemas of our own records: their bytes, and the check that a record follows them (B17)."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.json_value import JSON

if TYPE_CHECKING:
    from release_tasks.policy.record_schema import RecordSchema


def schema_bytes(name: str) -> bytes:
    """The bytes of `schemas/NAME.schema.json`."""
    return resources.files("release_tasks").joinpath("schemas", f"{name}.schema.json").read_bytes()


@cache
def _schema(name: str) -> RecordSchema:
    from release_tasks.policy.record_schema import RecordSchema  # noqa: PLC0415 - only when one is checked

    where = f"{name}.schema.json"
    return RecordSchema(parse_strict(schema_bytes(name), where=where), where=where, published=True)


def check_own(name: str, value: JSON) -> None:
    """Check a record of ours, formats too; raises AssertionError, for whoever wrote it did so wrongly."""
    violations = _schema(name).violations(value, most=1)
    if violations:
        raise AssertionError(
            f"BUG: a record does not follow {name}.schema.json: {violations[0].at}: {violations[0].problem}"
        )
