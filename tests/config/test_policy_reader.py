import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import release_tasks
from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.config.policy import Policy, ProfileRules, SecretException, Waiver
from release_tasks.config.policy_reader import parse_policy
from release_tasks.errors import ConfigErrors
from release_tasks.records.digest import sha256
from tests.fakes.json_bends import mutate

GATES = frozenset({"CHECKSUM", "SECRETS", "TESTS_PASS"})
THRESHOLDS = frozenset({"max_file_size_mb", "max_regression"})
SCHEMA = jsonschema.Draft202012Validator(
    json.loads(
        (Path(release_tasks.__file__).parent / "schemas/policy.schema.json").read_text(encoding="utf-8")
    )
)


def parse(document: Any) -> Any:
    return parse_policy(document, GATES, THRESHOLDS, where="p.yml")


WAIVER = {
    "gate": "SECRETS",
    "reason": "the fix is released on Monday",
    "by": "Ada Lovelace <ada@example.org>",
    "expires": "2026-12-31",
    "applies_to": f"sha256:{'a' * 64}",
}
EXCEPTION = {"path": "data/a.json", "rule": "AWS Access Key", "fingerprint": "f" * 64, "reason": "made up"}
WHOLE = """
schema: 1
strict: false
required: [TESTS_PASS, CHECKSUM]
gates:
  TESTS_PASS: soft
  SECRETS: off
soft_allowed: [TESTS_PASS, SECRETS]
thresholds: { max_regression: 0.05, max_file_size_mb: 0 }
mock_patterns: ["--fake"]
waivers:
  - gate: SECRETS
    reason: the fix is released on Monday
    by: Ada Lovelace <ada@example.org>
    expires: 2026-12-31
    applies_to: sha256:DIGEST
exceptions:
  - path: data/a.json
    rule: AWS Access Key
    fingerprint: "FINGERPRINT"
    reason: made up
profiles:
  nightly:
    strict: true
    required: [CHECKSUM]
    gates: { CHECKSUM: soft }
    thresholds: { max_regression: 0.2 }
  empty: {}
""".replace("DIGEST", "a" * 64).replace("FINGERPRINT", "1" * 40)


def test_whole_policy() -> None:
    document = parse_plain_yaml(WHOLE, where="p.yml")
    SCHEMA.validate(document)
    assert parse(document) == Policy(
        strict=False,
        required=("CHECKSUM", "TESTS_PASS"),
        gates=(("SECRETS", "off"), ("TESTS_PASS", "soft")),
        soft_allowed=("SECRETS", "TESTS_PASS"),
        thresholds=(("max_file_size_mb", 0), ("max_regression", 0.05)),
        mock_patterns=("--fake",),
        waivers=(
            Waiver(
                gate="SECRETS",
                reason="the fix is released on Monday",
                by="Ada Lovelace <ada@example.org>",
                expires=date(2026, 12, 31),
                applies_to=sha256("a" * 64),
            ),
        ),
        exceptions=(
            SecretException(
                path="data/a.json", rule="AWS Access Key", fingerprint="1" * 40, reason="made up"
            ),
        ),
        profiles=(
            ("empty", ProfileRules()),
            (
                "nightly",
                ProfileRules(
                    strict=True,
                    required=("CHECKSUM",),
                    gates=(("CHECKSUM", "soft"),),
                    thresholds=(("max_regression", 0.2),),
                ),
            ),
        ),
    )


def test_what_a_policy_does_not_say_is_left_open() -> None:
    assert parse({"schema": 1}) == Policy()
    assert parse({"schema": 1, "mock_patterns": []}) == Policy(mock_patterns=())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "wrong type\n  wanted: a mapping with schema: 1\n  found:  nothing (null)\n  where:  p.yml"),
        ({}, "schema is missing\n  wanted: schema: 1 as the first key\n  where:  p.yml: schema"),
        ({"schema": 0}, "schema is not one that this version of release_tasks reads\n  wanted: 1\n  found:  integer 0\n  where:  p.yml: schema\n  hint:   write schema = 1"),
        ({"schema": None}, "wrong type\n  wanted: schema = 1\n  found:  nothing (null)\n  where:  p.yml: schema"),
        ({"schema": 1, "gate": {}}, "unknown key\n  wanted: one of exceptions, gates, mock_patterns, profiles, required, schema, soft_allowed, strict, thresholds, waivers\n  found:  gate\n  where:  p.yml: gate\n  hint:   did you mean gates?"),
        ({"schema": 1, "gates": {"SECRET": "hard"}}, "no code evaluates a gate of this name\n  wanted: one of CHECKSUM, SECRETS, TESTS_PASS\n  found:  SECRET\n  where:  p.yml: gates.SECRET\n  hint:   did you mean SECRETS?"),
        ({"schema": 1, "gates": {"SECRETS": False}}, "value refused\n  wanted: one of hard, soft, off\n  found:  boolean false\n  where:  p.yml: gates.SECRETS"),
        ({"schema": 1, "gates": {"SECRETS": None}}, "wrong type\n  wanted: a value, or no such key\n  found:  nothing (null)\n  where:  p.yml: gates.SECRETS"),
        ({"schema": 1, "soft_allowed": ["X"]}, "no code evaluates a gate of this name\n  wanted: one of CHECKSUM, SECRETS, TESTS_PASS\n  found:  X\n  where:  p.yml: soft_allowed[0]"),
        ({"schema": 1, "soft_allowed": [1]}, "wrong type\n  wanted: the name of a gate\n  found:  integer 1\n  where:  p.yml: soft_allowed[0]"),
        ({"schema": 1, "thresholds": {"max_regresion": 1}}, "no code evaluates a threshold of this name\n  wanted: one of max_file_size_mb, max_regression\n  found:  max_regresion\n  where:  p.yml: thresholds.max_regresion\n  hint:   did you mean max_regression?"),
        ({"schema": 1, "thresholds": {"max_regression": True}}, "wrong type\n  wanted: a finite number, at most 9007199254740991 when it is an integer\n  found:  boolean true\n  where:  p.yml: thresholds.max_regression"),
        ({"schema": 1, "thresholds": {"max_regression": -0.1}}, "number out of range\n  wanted: 0 or more\n  found:  float -0.1\n  where:  p.yml: thresholds.max_regression"),
        ({"schema": 1, "thresholds": {"max_regression": math.nan}}, "wrong type\n  wanted: a finite number, at most 9007199254740991 when it is an integer\n  found:  float nan\n  where:  p.yml: thresholds.max_regression"),
        ({"schema": 1, "strict": "yes"}, 'wrong type\n  wanted: true or false\n  found:  string "yes"\n  where:  p.yml: strict'),
        ({"schema": 1, "required": ["TEST_PASS"]}, "no code evaluates a gate of this name\n  wanted: one of CHECKSUM, SECRETS, TESTS_PASS\n  found:  TEST_PASS\n  where:  p.yml: required[0]\n  hint:   did you mean TESTS_PASS?"),
        ({"schema": 1, "required": ["SECRETS"], "gates": {"SECRETS": "off"}}, "gate is required and off\n  wanted: one of the two\n  found:  SECRETS\n  where:  p.yml: required"),
        ({"schema": 1, "required": ["SECRETS"], "profiles": {"p": {"gates": {"SECRETS": "off"}}}}, "gate is required and off\n  wanted: one of the two\n  found:  SECRETS\n  where:  p.yml: profiles.p.required"),
        ({"schema": 1, "gates": {"SECRETS": "off"}, "profiles": {"p": {"required": ["SECRETS"]}}}, "gate is required and off\n  wanted: one of the two\n  found:  SECRETS\n  where:  p.yml: profiles.p.required"),
        ({"schema": 1, "mock_patterns": [""]}, 'text refused\n  wanted: one line, not empty, no control characters\n  found:  string ""\n  where:  p.yml: mock_patterns[0]'),
        ({"schema": 1, "profiles": {"P": {}}}, 'text refused\n  wanted: a-z, 0-9, then also . _ -; at most 100 characters\n  found:  string "P"\n  where:  p.yml: profiles.P'),
        ({"schema": 1, "profiles": {"p": {"threshold": {}}}}, "unknown key\n  wanted: one of gates, required, strict, thresholds\n  found:  threshold\n  where:  p.yml: profiles.p.threshold\n  hint:   did you mean thresholds?"),
        ({"schema": 1, "profiles": {"p": {"gates": {"SECRET": "off"}}}}, "no code evaluates a gate of this name\n  wanted: one of CHECKSUM, SECRETS, TESTS_PASS\n  found:  SECRET\n  where:  p.yml: profiles.p.gates.SECRET\n  hint:   did you mean SECRETS?"),
        ({"schema": 1, "waivers": {}}, "wrong type\n  wanted: a list of waivers\n  found:  a table\n  where:  p.yml: waivers"),
        ({"schema": 1, "waivers": [{**WAIVER, "gate": "SECRET"}]}, "no code evaluates a gate of this name\n  wanted: one of CHECKSUM, SECRETS, TESTS_PASS\n  found:  SECRET\n  where:  p.yml: waivers[0].gate\n  hint:   did you mean SECRETS?"),
        ({"schema": 1, "waivers": [{**WAIVER, "reason": " "}]}, 'text refused\n  wanted: one line, not empty, no control characters\n  found:  string " "\n  where:  p.yml: waivers[0].reason'),
        ({"schema": 1, "waivers": [{**WAIVER, "by": ""}]}, 'text refused\n  wanted: one line, not empty, no control characters\n  found:  string ""\n  where:  p.yml: waivers[0].by'),
        ({"schema": 1, "waivers": [{**WAIVER, "expires": "2026-02-30"}]}, 'not a day\n  wanted: a day, as 2026-12-31: the last on which the waiver holds, UTC\n  found:  string "2026-02-30"\n  where:  p.yml: waivers[0].expires'),
        ({"schema": 1, "waivers": [{**WAIVER, "expires": "20261231"}]}, 'not a day\n  wanted: a day, as 2026-12-31: the last on which the waiver holds, UTC\n  found:  string "20261231"\n  where:  p.yml: waivers[0].expires'),
        ({"schema": 1, "waivers": [{**WAIVER, "expires": 2026}]}, "wrong type\n  wanted: a day, as 2026-12-31: the last on which the waiver holds, UTC\n  found:  integer 2026\n  where:  p.yml: waivers[0].expires"),
        ({"schema": 1, "waivers": [{**WAIVER, "applies_to": "a" * 64}]}, f'text refused\n  wanted: sha256:<64 lower-case hex digits>, the digest of the file judged\n  found:  string "{"a" * 64}"\n  where:  p.yml: waivers[0].applies_to'),
        ({"schema": 1, "waivers": [{**WAIVER, "until": "x"}]}, "unknown key\n  wanted: one of applies_to, by, expires, gate, reason\n  found:  until\n  where:  p.yml: waivers[0].until"),
        ({"schema": 1, "waivers": [{key: value for key, value in WAIVER.items() if key != "by"}]}, "by is missing\n  wanted: the person who answers for it\n  where:  p.yml: waivers[0].by"),
        ({"schema": 1, "waivers": [WAIVER, {**WAIVER, "by": "Grace"}]}, "two waivers are for one gate and one file\n  wanted: one of them\n  found:  SECRETS, aaaaaaaaaaaaaaaa\n  where:  p.yml: waivers[1]"),
        ({"schema": 1, "exceptions": [{**EXCEPTION, "path": "data/*.json"}]}, "path refused: an exception is for one file\n  wanted: the exact path, no * ?\n  found:  data/*.json\n  where:  p.yml: exceptions[0].path"),
        ({"schema": 1, "exceptions": [{**EXCEPTION, "path": "../a"}]}, "path refused: it has a '..' component\n  wanted: a relative POSIX path inside the tree\n  found:  '../a'\n  where:  p.yml: exceptions[0].path"),
        ({"schema": 1, "exceptions": [{**EXCEPTION, "fingerprint": "f" * 63}]}, f'text refused\n  wanted: 64 lower-case hex digits of a SHA-256, or 40 of a SHA-1, as the scanner prints\n  found:  string "{"f" * 63}"\n  where:  p.yml: exceptions[0].fingerprint'),
        ({"schema": 1, "exceptions": [{**EXCEPTION, "fingerprint": 1e39}]}, "wrong type\n  wanted: a string: 64 lower-case hex digits of a SHA-256, or 40 of a SHA-1, as the scanner prints\n  found:  float 1e+39\n  where:  p.yml: exceptions[0].fingerprint\n  hint:   put it in quotes: YAML reads digits as a number"),
        ({"schema": 1, "exceptions": [{key: value for key, value in EXCEPTION.items() if key != "reason"}]}, "reason is missing\n  wanted: why it is no secret\n  where:  p.yml: exceptions[0].reason"),
        ({"schema": 1, "exceptions": [EXCEPTION, {**EXCEPTION, "reason": "other"}]}, "two exceptions are for one finding\n  wanted: one of them\n  found:  data/a.json, AWS Access Key\n  where:  p.yml: exceptions[1]"),
    ],
)  # fmt: skip
def test_whole_message(document: Any, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse(document)
    assert "\n".join(str(problem) for problem in caught.value.problems) == message


def test_all_problems_at_once() -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse(
            {
                "thresholds": {"a": 1},
                "gates": {"b": "hard"},
                "schema": 1,
                "waivers": [WAIVER, {**WAIVER, "gate": "c", "expires": "soon"}],
                "profiles": {"p": {"strict": 1}},
            }
        )
    assert [problem.where for problem in caught.value.problems] == [
        "p.yml: thresholds.a",
        "p.yml: gates.b",
        "p.yml: waivers[1].gate",
        "p.yml: waivers[1].expires",
        "p.yml: profiles.p.strict",
    ]


def test_one_contradiction_of_the_policy_is_told_once() -> None:
    """Not again for every profile below it."""
    document = {"schema": 1, "required": ["SECRETS"], "gates": {"SECRETS": "off"}, "profiles": {"p": {}}}
    with pytest.raises(ConfigErrors) as caught:
        parse(document)
    assert [problem.where for problem in caught.value.problems] == ["p.yml: required"]


def test_a_waiver_may_be_for_each_of_two_files() -> None:
    second = {**WAIVER, "applies_to": f"sha256:{'b' * 64}"}
    assert len(parse({"schema": 1, "waivers": [WAIVER, second]}).waivers) == 2


NAMES = st.sampled_from(
    [
        "schema", "strict", "required", "gates", "soft_allowed", "thresholds", "mock_patterns", "waivers",
        "exceptions", "profiles", *WAIVER, *EXCEPTION, *GATES, *THRESHOLDS, "hard", "off", "x",
    ]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), NAMES, st.sampled_from([*WAIVER.values(), "f" * 40])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=10,
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """The whole policy with a few of its values removed or replaced."""
    document: Any = parse_plain_yaml(WHOLE, where="p.yml")
    mutate(draw, document, VALUES, least=0)
    return document


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES | mutated(), st.booleans())
def test_anything_is_a_policy_or_config_errors(document: Any, with_schema: Any) -> None:
    """What the parser takes, the JSON Schema takes too."""
    if with_schema and isinstance(document, dict):
        document["schema"] = 1
    places: list[str | None] | None = None
    try:
        assert isinstance(parse(document), Policy)
    except ConfigErrors as error:
        places = [problem.where for problem in error.problems]
    assert places is None or (places and all(places))
    assert places or SCHEMA.is_valid(document)
