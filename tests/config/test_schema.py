import dataclasses
import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

import release_tasks
from release_tasks.config.policy import Policy, ProfileRules, SecretException, Waiver
from release_tasks.config.schema import (
    Artifacts,
    Benchmark,
    Cards,
    Checkpoint,
    Dataset,
    Destination,
    Environment,
    Evaluation,
    Metric,
    Pair,
    Release,
    Reproduce,
    Smoke,
    Source,
    Suite,
    SuiteName,
    UserStep,
    Versioning,
)

SCHEMAS = Path(release_tasks.__file__).parent / "schemas"
# Fields that are no key of [release]: tables of their own, and facts about the run.
NOT_IN_RELEASE = {
    "root",
    "file",
    "artifacts",
    "steps",
    "dataset",
    "checkpoint",
    "tests",
    "parity",
    "evaluations",
    "benchmarks",
    "smoke",
    "environment",
    "reproduce",
    "publish",
    "versioning",
    "rewords",
    "cards",
    "roots",
    "overrides",
}


def load(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def defaults(record: Any, skip: Any = ()) -> Any:
    fields = (field for field in dataclasses.fields(record) if field.name not in skip)
    return {field.name.rstrip("_"): field.default for field in fields}


@pytest.mark.parametrize("name", ["release.schema.json", "policy.schema.json"])
def test_schema_is_a_schema_and_describes_every_property(name: str) -> None:
    schema = load(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    tables = [schema, *schema.get("$defs", {}).values()]
    bare = [
        key
        for table in tables
        for key, value in table.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert bare == []
    assert all("description" in table for table in tables)


@pytest.mark.parametrize(
    ("table", "record", "skip"),
    [
        ("release", Release, NOT_IN_RELEASE),
        ("artifacts", Artifacts, ()),
        ("step", UserStep, ()),
        ("dataset", Dataset, ()),
        ("source", Source, ()),
        ("checkpoint", Checkpoint, ()),
        ("suite", Suite, {"name"}),
        ("benchmark", Benchmark, {"name"}),
        ("metric", Metric, {"name"}),
        ("pair", Pair, {"name"}),
        ("evaluation", Evaluation, {"name"}),
        ("smoke", Smoke, ()),
        ("environment", Environment, ()),
        ("reproduce", Reproduce, ()),
        ("destination", Destination, {"name"}),
        ("versioning", Versioning, ()),
        ("cards", Cards, ()),
    ],
)
def test_schema_and_record_agree(table: str, record: Any, skip: Any) -> None:
    agree(load("release.schema.json")["$defs"][table], defaults(record, skip))


def agree(schema: Any, wanted: Any) -> None:
    """Properties are fields, required ones those without a default, and each default is the field's."""
    assert set(schema["properties"]) == set(wanted)
    assert set(schema.get("required", ())) == {
        key for key, value in wanted.items() if value is dataclasses.MISSING
    }
    for key, value in wanted.items():
        stated = schema["properties"][key].get("default")
        if isinstance(stated, list):
            stated = tuple(stated)
        if stated == {}:
            stated = ()
        assert stated == (None if value is dataclasses.MISSING else value or stated), key


def test_top_level_of_the_schema_is_the_tables() -> None:
    assert set(load("release.schema.json")["properties"]) == {
        "schema", "release", "artifacts", "roots", "step", "dataset", "checkpoint", "tests", "parity",
        "evaluation", "bench", "smoke", "environment", "reproduce", "publish", "versioning",
        "changelog", "cards",
    }  # fmt: skip


def test_the_suites_of_the_schema_are_those_that_the_reader_takes() -> None:
    assert tuple(load("release.schema.json")["properties"]["tests"]["properties"]) == get_args(SuiteName)


def test_policy_schema_and_record_agree() -> None:
    schema = load("policy.schema.json")
    assert set(schema["properties"]) == set(defaults(Policy))
    assert schema["required"] == ["schema"]
    assert tuple(schema["properties"]["mock_patterns"]["default"]) == Policy().mock_patterns


@pytest.mark.parametrize(
    ("table", "record"), [("waiver", Waiver), ("exception", SecretException), ("profile", ProfileRules)]
)
def test_tables_of_the_policy_schema_and_records_agree(table: str, record: Any) -> None:
    schema = load("policy.schema.json")["$defs"][table]
    wanted = defaults(record)
    assert set(schema["properties"]) == set(wanted)
    assert set(schema.get("required", ())) == {
        key for key, value in wanted.items() if value is dataclasses.MISSING
    }
