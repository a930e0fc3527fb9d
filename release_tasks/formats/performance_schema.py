"""The published schema of performance reports, applied: formats too, and every violation with its path."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from release_tasks.errors import FormatError
from release_tasks.formats.schema_formats import schema_formats
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.json_value import JSON, JSONObject

SCHEMA = "performance.schema.json"


def check_performance(value: JSON, where: str) -> None:
    """Raise FormatError for the first violation in the order of paths."""
    violations = sorted(_validator().iter_errors(value), key=lambda error: (error.json_path, error.message))
    if violations:
        first = violations[0]
        path = first.json_path.removeprefix("$").removeprefix(".")
        raise FormatError(
            "not a performance report",
            wanted=f"what {SCHEMA} says",
            found=_sentence(first),
            where=f"{where}: {path}" if path else where,
        )


def _sentence(error: ValidationError) -> str:
    return error.message if len(error.message) <= 200 else f"{error.message[:200]}…"


@cache
def _validator() -> Draft202012Validator:
    data = resources.files("release_tasks").joinpath("schemas", SCHEMA).read_bytes()
    schema = cast("JSONObject", parse_strict(data, where=SCHEMA))
    return Draft202012Validator(schema, format_checker=schema_formats())
