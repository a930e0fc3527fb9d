from __future__ import annotations

import pytest

from release_tasks.config.policy import Policy, ProfileRules
from release_tasks.errors import ConfigError
from release_tasks.policy.gates import KNOWN_GATES
from release_tasks.policy.profiles import DEFAULT_PROFILE, PROFILES, in_force, profile_rules
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.records.verdict import Mode

OWN = ProfileRules(
    strict=True,
    required=("smoke",),
    gates=(("smoke", "soft"), ("weights", "off")),
    thresholds=(("max_duplicate_rate", 0.5), ("min_pass_at_1", 0.1)),
)


@pytest.mark.parametrize("name", PROFILES)
def test_a_built_in_profile_names_what_there_is(name: str) -> None:
    """K2, K3: no gate and no threshold that nobody evaluates."""
    rules = PROFILES[name]
    assert {gate for gate, _ in rules.gates} | set(rules.required) <= KNOWN_GATES
    assert {limit for limit, _ in rules.thresholds} <= set(THRESHOLDS)
    assert [limit for limit, _ in rules.thresholds] == list(dict(rules.thresholds))  # none twice


def test_strict_is_on_where_stakes_are_high() -> None:
    """P5: analysis_only (off), narrative_required (off), high_stakes (on)."""
    strict = {name: in_force(Policy(), name, Mode()).strict for name in PROFILES}
    assert [name for name, is_strict in strict.items() if is_strict] == ["high_stakes"]


def test_the_default_profile_is_the_thresholds_as_they_are() -> None:
    force = in_force(Policy(), DEFAULT_PROFILE, Mode())
    assert force.limits == {name: threshold.default for name, threshold in THRESHOLDS.items()}
    assert (dict(force.gates), force.required) == ({}, frozenset())
    assert {force.hardness(gate) for gate in KNOWN_GATES} == {"hard"}  # K2


def test_the_policy_wins_over_the_profile_and_that_over_the_defaults() -> None:
    policy = Policy(
        gates=(("smoke", "hard"),),
        required=("weights-finite",),
        thresholds=(("max_duplicate_rate", 0.25),),
        profiles=(("own", OWN),),
    )
    force = in_force(policy, "own", Mode())
    assert (force.hardness("smoke"), force.hardness("weights"), force.hardness("version")) == (
        "hard",
        "off",
        "hard",
    )
    assert force.required == {"smoke", "weights-finite"}
    assert force.limits["max_duplicate_rate"] == 0.25
    assert force.limits["min_pass_at_1"] == 0.1
    assert force.limits["max_file_size_mb"] == 50
    assert force.rules == OWN
    assert force.policy == policy


def test_a_policy_may_define_a_built_in_profile_anew() -> None:
    policy = Policy(profiles=(("high_stakes", ProfileRules()),))
    assert profile_rules(policy, "high_stakes") == ProfileRules()
    assert not in_force(policy, "high_stakes", Mode()).strict


@pytest.mark.parametrize(
    ("mode", "policy", "profile", "strict"),
    [
        (None, None, None, False),
        (None, None, True, True),
        (None, False, True, False),
        (None, True, None, True),
        (True, False, False, True),
        (False, True, True, False),
    ],
)
def test_whose_word_on_strictness_counts(
    *, mode: bool | None, policy: bool | None, profile: bool | None, strict: bool
) -> None:
    """P5: override either way."""
    rules = Policy(strict=policy, profiles=(("own", ProfileRules(strict=profile)),))
    assert in_force(rules, "own", Mode(strict=mode)).strict is strict


def test_a_snapshot_is_judged_without_a_lock() -> None:
    policy = Policy(gates=(("lock-inputs", "hard"),), required=("lock-outputs",))
    force = in_force(policy, DEFAULT_PROFILE, Mode(snapshot=True))
    assert {gate for gate in KNOWN_GATES if force.hardness(gate) == "off"} == {
        gate for gate in KNOWN_GATES if gate.startswith("lock-")
    }


def test_an_unknown_profile_names_those_of_the_policy_too() -> None:
    with pytest.raises(ConfigError) as caught:
        profile_rules(Policy(profiles=(("nightly", OWN),)), "nihgtly")
    assert str(caught.value) == (
        "there is no profile of this name\n"
        "  wanted: one of analysis_only, code-model, default, high_stakes, narrative_required, nightly\n"
        "  found:  nihgtly\n  where:  release.profile or --profile\n  hint:   did you mean nightly?"
    )
