from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.gate_code import Category
from release_tasks.stages.own_schema import check_own, schema_bytes

OURS = ("acceptance", "run", "trust-payload", "verdict")
ACCEPTANCE: dict[str, Any] = {
    "schema_version": 1,
    "version": "1.0.0",
    "root": f"sha256:{'1' * 64}",
    "exact_root": f"sha256:{'2' * 64}",
    "scan": [],
    "smoke": {"ran": False},
    "accepted_at": "2026-01-31T12:00:00Z",
    "table": [
        {"row": row, "status": "not shown", "evidence": [], "against": []}
        for row in ("reproducible", "tested", "benchmarked", "versioned", "packaged", "validated")
    ],
}


def closed(schema: Any) -> bool:
    """Whether every object names all its keys, or says what the values of free ones are."""
    if isinstance(schema, list):
        return all(map(closed, schema))
    if not isinstance(schema, dict):
        return True
    if "properties" in schema and schema.get("type") == "object":
        named = sorted(schema["properties"]) == sorted(schema.get("required", []))
        if schema.get("additionalProperties") is not False or not named:
            return False
    return all(map(closed, schema.values()))


@pytest.mark.parametrize("name", OURS)
def test_the_schema_is_draft_2020_12_and_leaves_nothing_open(name: str) -> None:
    """B17: one schema per record kind, exact keys."""
    schema = parse_strict(schema_bytes(name))
    assert isinstance(schema, dict)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert closed(schema)


@pytest.mark.parametrize("name", ["trust-payload", "verdict"])
def test_the_schema_knows_every_category(name: str) -> None:
    wanted = json.dumps([str(category) for category in Category])
    assert json.dumps(parse_strict(schema_bytes(name))).count(wanted) == (2 if name == "verdict" else 1)


def test_a_sound_record_passes() -> None:
    check_own("acceptance", ACCEPTANCE)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"accepted_at": "yesterday"}, "accepted_at: 'yesterday' is not a 'date-time'"),
        ({"accepted_at": "2026-01-31"}, "accepted_at: '2026-01-31' is not a 'date-time'"),
        ({"root": "sha256:1"}, "root: 'sha256:1' does not match '^sha256:[0-9a-f]{64}$'"),
        ({"more": 1}, "the record: Additional properties are not allowed ('more' was unexpected)"),
    ],
)
def test_formats_are_checked_too(change: dict[str, Any], problem: str) -> None:
    """B17: date-time too."""
    with pytest.raises(AssertionError) as caught:
        check_own("acceptance", {**ACCEPTANCE, **change})
    assert str(caught.value) == f"BUG: a record does not follow acceptance.schema.json: {problem}"


def test_the_bytes_are_those_that_are_published() -> None:
    """P6: schema_hash is the SHA-256 of the file in the package."""
    assert hashlib.sha256(schema_bytes("trust-payload")).hexdigest()
    assert json.loads(schema_bytes("trust-payload"))["$id"] == "urn:release_tasks:schema:trust-payload:1.0"
