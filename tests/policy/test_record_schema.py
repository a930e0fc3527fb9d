from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.policy.record_schema import RecordSchema
from release_tasks.records.data_record import DataRecord

PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "home": {"type": "object", "properties": {"town": {"type": "string"}}},
        "tests": {"type": "array", "items": {"type": "string"}},
    },
}


def schema(value: Any) -> RecordSchema:
    return RecordSchema(value, where="s.json")


def vacuous(value: Any, *records: Any) -> bool:
    return schema(value).is_vacuous(
        [DataRecord(path="a", number=n, value=r) for n, r in enumerate(records, 1)]
    )


def test_violations_name_their_place_and_the_fields_concerned() -> None:
    found = schema(PERSON).violations({"home": {"town": 7}, "tests": ["a", None]})
    assert sorted((item.at, item.problem, item.fields) for item in found) == [
        ("home.town", "7 is not of type 'string'", ("home.town",)),
        ("tests[1]", "None is not of type 'string'", ("tests[1]",)),
        ("the record", "'name' is a required property", ("name",)),
    ]
    assert schema(PERSON).violations({"name": "Ada"}) == ()


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({"type": "nothing"}, "not a JSON Schema\n  found: /type: 'nothing' is not valid under any of the given schemas\n  where: s.json"),
        ({"pattern": "("}, "not a JSON Schema\n  found: /pattern: '(' is not a 'regex'\n  where: s.json"),
        ([], "not a JSON Schema\n  found: neither an object nor a boolean\n  where: s.json"),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#"},
            "another dialect\n  wanted: https://json-schema.org/draft/2020-12/schema\n  found:  http://json-schema.org/draft-07/schema#\n  where:  s.json",
        ),
    ],
)  # fmt: skip
def test_a_schema_that_is_none_is_refused(bad: Any, text: str) -> None:
    with pytest.raises(FormatError) as caught:
        schema(bad)
    assert str(caught.value) == text


@pytest.mark.parametrize("reference", ["https://example.com/other.json", "#/$defs/nothing"])
def test_a_reference_is_never_fetched(reference: str) -> None:
    """The suite refuses connections; what cannot be resolved in the schema itself is an error of the schema."""
    with pytest.raises(FormatError, match="the schema refers to what it does not hold"):
        schema({"$ref": reference}).violations({})


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-01-31T12:00:00+02:00", "2026-01-31 12:00"),
        ("date", "2026-01-31", "2026-02-31"),
        ("time", "12:00:00Z", "25:00:00Z"),
        ("uri", "urn:a:b", "no scheme"),
        ("email", "a@b", "ab"),
        ("ipv4", "1.2.3.4", "1.2.3"),
        ("ipv6", "::1", "1.2.3.4"),
        ("uuid", "6f1c1d6e-7a0b-4f0e-9a9b-0a1b2c3d4e5f", "6f1c"),
        ("regex", "a+", "("),
    ],
)
def test_formats_are_checked(name: str, good: str, bad: str) -> None:
    compiled = schema({"properties": {"a": {"format": name}}})
    assert compiled.unchecked == ()
    assert compiled.violations({"a": good}) == ()
    assert [item.at for item in compiled.violations({"a": bad})] == ["a"]


def test_a_format_that_nobody_checks_is_told() -> None:
    nested = {"properties": {"a": {"anyOf": [{"format": "iri"}, {"format": "date"}]}}}
    assert schema(nested).unchecked == ("iri",)


@pytest.mark.parametrize(
    "nothing",
    [
        True,
        {},
        {"type": "object"},
        {"title": "a person", "properties": {"nmae": {"type": "string"}}},
        {"properties": {"name": {}, "home": {"properties": {}}}},
        {"properties": {"name": {"format": "iri"}}},
    ],
)
def test_a_schema_that_notices_nothing_is_vacuous(nothing: Any) -> None:
    """K21: decided by effect, on copies of the records themselves."""
    assert vacuous(nothing, {"name": "Ada", "home": {"town": "Paris"}}, {"name": "Bob"})


@pytest.mark.parametrize(
    "something",
    [
        False,
        PERSON,
        {"required": ["name"]},
        {"additionalProperties": False, "properties": {"name": True, "home": True}},
        {"properties": {"name": {"maxLength": 100}}},
        {"properties": {"name": {"pattern": "^[A-Z]"}}},
        {"properties": {"home": {"properties": {"town": {"type": "string"}}}}},
        {"properties": {"name": {"not": {"const": ""}}}},
    ],
)
def test_one_that_notices_anything_is_not(something: Any) -> None:
    assert not vacuous(something, {"name": "Ada", "home": {"town": "Paris"}})


def test_without_records_nothing_is_said() -> None:
    assert not vacuous({})


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=3),
        st.integers() | st.text(max_size=3) | st.lists(st.booleans(), max_size=2),
        max_size=4,
    )
)
def test_an_empty_schema_is_vacuous_for_every_record(record: dict[str, Any]) -> None:
    assert vacuous({}, record)
