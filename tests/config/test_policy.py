import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import release_tasks
from release_tasks.config.policy import Policy, parse_policy
from release_tasks.errors import ConfigErrors

GATES = frozenset({"CHECKSUM", "SECRETS", "TESTS_PASS"})
THRESHOLDS = frozenset({"max_file_size_mb", "max_regression"})
SCHEMA = jsonschema.Draft202012Validator(
    json.loads(
        (Path(release_tasks.__file__).parent / "schemas/policy.schema.json").read_text(encoding="utf-8")
    )
)


def parse(document: Any) -> Any:
    return parse_policy(document, GATES, THRESHOLDS, where="p.yml")


def test_whole_policy() -> None:
    document = {
        "schema": 1,
        "gates": {"TESTS_PASS": "soft", "CHECKSUM": "off"},
        "soft_allowed": ["TESTS_PASS", "SECRETS"],
        "thresholds": {"max_regression": 0.05},
    }
    SCHEMA.validate(document)
    policy = parse(document)
    assert policy == Policy(
        gates=(("CHECKSUM", "off"), ("TESTS_PASS", "soft")),
        soft_allowed=("SECRETS", "TESTS_PASS"),
        thresholds=(("max_regression", 0.05),),
    )
    assert [policy.hardness(gate) for gate in sorted(GATES)] == ["off", "hard", "soft"]
    assert policy.threshold("max_regression", 1) == 0.05
    assert policy.threshold("max_file_size_mb", 50) == 50


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "wrong type\n  wanted: a mapping with schema: 1\n  found:  nothing (null)\n  where:  p.yml"),
        ({}, "schema is missing\n  wanted: schema: 1 as the first key\n  where:  p.yml: schema"),
        ({"schema": 0}, "schema is not one that this version of release_tasks reads\n  wanted: 1\n  found:  integer 0\n  where:  p.yml: schema\n  hint:   write schema = 1"),
        ({"schema": None}, "wrong type\n  wanted: schema = 1\n  found:  nothing (null)\n  where:  p.yml: schema"),
        ({"schema": 1, "gate": {}}, "unknown key\n  wanted: one of gates, schema, soft_allowed, thresholds\n  found:  gate\n  where:  p.yml: gate\n  hint:   did you mean gates?"),
        ({"schema": 1, "gates": {"SECRET": "hard"}}, "no code evaluates a gate of this name\n  wanted: one of CHECKSUM, SECRETS, TESTS_PASS\n  found:  SECRET\n  where:  p.yml: gates.SECRET\n  hint:   did you mean SECRETS?"),
        ({"schema": 1, "gates": {"SECRETS": False}}, "value refused\n  wanted: one of hard, soft, off\n  found:  boolean false\n  where:  p.yml: gates.SECRETS"),
        ({"schema": 1, "gates": {"SECRETS": None}}, "wrong type\n  wanted: a value, or no such key\n  found:  nothing (null)\n  where:  p.yml: gates.SECRETS"),
        ({"schema": 1, "soft_allowed": ["X"]}, "no code evaluates a gate of this name\n  wanted: one of CHECKSUM, SECRETS, TESTS_PASS\n  found:  X\n  where:  p.yml: soft_allowed[0]"),
        ({"schema": 1, "soft_allowed": [1]}, "wrong type\n  wanted: the name of a gate\n  found:  integer 1\n  where:  p.yml: soft_allowed[0]"),
        ({"schema": 1, "thresholds": {"max_regresion": 1}}, "no code evaluates a threshold of this name\n  wanted: one of max_file_size_mb, max_regression\n  found:  max_regresion\n  where:  p.yml: thresholds.max_regresion\n  hint:   did you mean max_regression?"),
        ({"schema": 1, "thresholds": {"max_regression": True}}, "wrong type\n  wanted: a finite number, at most 9007199254740991 when it is an integer\n  found:  boolean true\n  where:  p.yml: thresholds.max_regression"),
    ],
)  # fmt: skip
def test_whole_message(document: Any, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse(document)
    assert "\n".join(str(problem) for problem in caught.value.problems) == message


def test_all_problems_at_once() -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse({"thresholds": {"a": 1}, "gates": {"b": "hard"}, "schema": 1})
    assert [problem.where for problem in caught.value.problems] == ["p.yml: thresholds.a", "p.yml: gates.b"]


NAMES = st.sampled_from(
    ["schema", "gates", "soft_allowed", "thresholds", *GATES, *THRESHOLDS, "hard", "off", "x"]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), NAMES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=10,
)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES, st.booleans())
def test_anything_is_a_policy_or_config_errors(document: Any, with_schema: Any) -> None:
    if with_schema and isinstance(document, dict):
        document["schema"] = 1
    places: list[str | None] | None = None
    try:
        assert isinstance(parse(document), Policy)
    except ConfigErrors as error:
        places = [problem.where for problem in error.problems]
    assert places is None or (places and all(places))
    assert places or SCHEMA.is_valid(document)
