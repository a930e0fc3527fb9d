from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.config.policy import Policy, ProfileRules, SecretException, Waiver
from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.policy.gates import DEFAULT_POLICY, KNOWN_GATES
from release_tasks.policy.policy_record import policy_from_json, policy_to_json
from release_tasks.policy.profiles import PROFILES, in_force
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.records.digest import sha256
from release_tasks.records.verdict import Mode
from tests.fakes.json_bends import places, without

GATE, LIMIT = st.sampled_from(sorted(KNOWN_GATES)), st.sampled_from(sorted(THRESHOLDS))
LINE = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=8).filter(str.strip)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NAME = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,9}", fullmatch=True)
STRICT = st.none() | st.booleans()
# Only hard and soft: a gate that is off cannot also be required.
HARDNESS = st.dictionaries(GATE, st.sampled_from(["hard", "soft"]), max_size=4)
LIMITS = st.dictionaries(LIMIT, st.integers(0, 99) | st.floats(0, 1), max_size=4)


def pairs(found: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted(found.items()))


def names(found: set[str]) -> tuple[str, ...]:
    return tuple(sorted(found))


GATES_OF = st.sets(GATE, max_size=3).map(names)
RULES = st.builds(
    ProfileRules, strict=STRICT, required=GATES_OF, gates=HARDNESS.map(pairs), thresholds=LIMITS.map(pairs)
)
WAIVERS = st.lists(
    st.builds(Waiver, gate=GATE, reason=LINE, by=LINE, expires=st.dates(), applies_to=HEX.map(sha256)),
    max_size=3,
    unique_by=lambda waiver: (waiver.gate, waiver.applies_to),
).map(tuple)
EXCEPTIONS = st.lists(
    st.builds(
        SecretException,
        path=st.sampled_from(["a.json", "data:b/c.txt", "weird [1].md"]),
        rule=LINE,
        fingerprint=HEX | HEX.map(lambda text: text[:40]),
        reason=LINE,
    ),
    max_size=3,
    unique_by=lambda item: (item.path, item.rule, item.fingerprint),
).map(tuple)
POLICIES = st.builds(
    Policy,
    strict=STRICT,
    required=GATES_OF,
    gates=HARDNESS.map(pairs),
    soft_allowed=GATES_OF,
    thresholds=LIMITS.map(pairs),
    mock_patterns=st.lists(LINE, max_size=3, unique=True).map(tuple),
    waivers=WAIVERS,
    exceptions=EXCEPTIONS,
    profiles=st.dictionaries(NAME, RULES, max_size=3).map(pairs),
)


def recorded(policy: Policy, profile: str = "default", mode: Mode | None = None) -> Any:
    return policy_to_json(in_force(policy, profile, mode or Mode()), profile, known_gates=KNOWN_GATES)


@settings(deadline=None, max_examples=60)
@given(POLICIES)
def test_every_policy_is_read_back_as_it_was(policy: Policy) -> None:
    written = dump_canonical(recorded(policy))
    assert policy_from_json(parse_canonical(written, where="policy.json"), where="policy.json") == policy


POLICY = Policy(
    required=("smoke",),
    gates=(("version", "soft"),),
    soft_allowed=("smoke",),
    thresholds=(("max_duplicate_rate", 0.1),),
    waivers=(
        Waiver(
            gate="smoke", reason="known", by="Ada", expires=date(2026, 12, 31), applies_to=sha256("a" * 64)
        ),
    ),
    exceptions=(SecretException(path="a", rule="r", fingerprint="f" * 64, reason="made up"),),
    profiles=(("own", ProfileRules(strict=True, thresholds=(("max_file_size_mb", 9),))),),
)


def test_the_record_says_what_is_in_force_and_where_it_comes_from() -> None:
    record = recorded(POLICY, "own")
    assert json.loads(json.dumps(record)) == record
    assert (record["schema_version"], record["profile"]) == (1, "own")
    force = record["in_force"]
    assert (force["strict"], force["required"]) == (True, ["smoke"])
    assert set(force["gates"]) == KNOWN_GATES
    assert (force["gates"]["version"], force["gates"]["weights"]) == ("soft", "hard")
    assert set(force["limits"]) == set(THRESHOLDS)
    assert [
        force["limits"][name] for name in ("max_file_size_mb", "max_duplicate_rate", "min_pass_at_1")
    ] == [
        9,
        0.1,
        None,
    ]
    own = {"strict": True, "required": [], "gates": {}, "thresholds": {"max_file_size_mb": 9}}
    assert record["profile_rules"] == own
    assert record["policy"] == {
        "schema": 1,
        "strict": None,
        "required": ["smoke"],
        "gates": {"version": "soft"},
        "soft_allowed": ["smoke"],
        "thresholds": {"max_duplicate_rate": 0.1},
        "mock_patterns": ["--mock", "mock=true", "use_mock"],
        "waivers": [
            {
                "gate": "smoke",
                "reason": "known",
                "by": "Ada",
                "expires": "2026-12-31",
                "applies_to": f"sha256:{'a' * 64}",
            }
        ],
        "exceptions": [{"path": "a", "rule": "r", "fingerprint": "f" * 64, "reason": "made up"}],
        "profiles": {"own": own},
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_a_built_in_profile_is_recorded_with_its_rules(profile: str) -> None:
    record = recorded(DEFAULT_POLICY, profile)
    assert record["profile_rules"]["thresholds"] == dict(PROFILES[profile].thresholds)
    assert policy_from_json(record, where="p") == DEFAULT_POLICY


def test_a_snapshot_records_that_its_lock_was_not_asked_for() -> None:
    policy = Policy(required=("lock-inputs",))
    record = recorded(policy, mode=Mode(snapshot=True))
    assert record["in_force"]["gates"]["lock-inputs"] == "off"
    assert policy_from_json(record, where="p") == policy


def test_the_gates_of_another_version_are_those_that_its_record_knows() -> None:
    record = recorded(Policy())
    record["in_force"]["gates"]["gone"] = "soft"
    record["policy"]["gates"]["gone"] = "soft"
    assert policy_from_json(record, where="p").gates == (("gone", "soft"),)


RECORD = recorded(POLICY, "own")
NEEDED = [
    path
    for path in places(RECORD)
    if len(path) == 1 or (len(path) == 2 and path[0] in {"in_force", "policy"})
]


@pytest.mark.parametrize("path", NEEDED, ids=".".join)
def test_a_record_that_lacks_a_part_is_refused(path: tuple[str, ...]) -> None:
    with pytest.raises(FormatError, match="not a record of a policy"):
        policy_from_json(without(RECORD, path), where="p")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "NoneType"),
        ([], "list"),
        ({**RECORD, "schema_version": 2}, "in_force, policy, profile, profile_rules, schema_version"),
        ({**RECORD, "more": 1}, "in_force, more, policy, profile, profile_rules, schema_version"),
    ],
)
def test_whole_message(value: Any, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        policy_from_json(value, where="p")
    assert str(caught.value) == (
        "not a record of a policy\n  wanted: schema_version 1, profile, in_force, profile_rules, policy\n"
        f"  found:  {found}\n  where:  p\n  hint:   run 'doit release' to write it again"
    )


def test_a_policy_that_could_not_have_been_in_force_is_refused() -> None:
    record = copy.deepcopy(RECORD)
    record["policy"]["waivers"][0]["by"] = ""
    with pytest.raises(FormatError) as caught:
        policy_from_json(record, where="p")
    assert caught.value.wanted == "a policy that could have been in force"
    assert (caught.value.found or "").startswith("text refused\n")
