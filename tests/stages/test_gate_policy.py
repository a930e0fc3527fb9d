from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from release_tasks.config.policy import Policy, ProfileRules
from release_tasks.errors import ConfigError, ConfigErrors
from release_tasks.policy.gates import DEFAULT_POLICY
from release_tasks.policy.policy_record import policy_from_json
from release_tasks.stages.gate_policy import policy_in_force, policy_json
from tests.fakes.small_project import small_project

OWN = b"schema: 1\nprofiles:\n  nightly:\n    strict: true\n"
UNKNOWN = (
    "there is no profile of this name\n"
    "  wanted: one of {known}\n"
    "  found:  nigthly\n  where:  release.profile or --profile"
)
BUILT_IN = "analysis_only, code-model, default, high_stakes, narrative_required"


def test_without_a_file_the_default_policy_is_in_force(tmp_path: Path) -> None:
    assert policy_in_force(small_project(tmp_path).plan) == DEFAULT_POLICY


def test_the_file_of_the_plan_is_in_force_and_recorded_whole(tmp_path: Path) -> None:
    plan = small_project(
        tmp_path, release='profile = "nightly"', files={"own.yml": OWN}, policy="own.yml"
    ).plan
    policy = policy_in_force(plan)
    assert policy == Policy(profiles=(("nightly", ProfileRules(strict=True)),))
    record = policy_json(policy, plan)
    assert (record["profile"], record["profile_rules"]) == (
        "nightly",
        {"strict": True, "required": [], "gates": {}, "thresholds": {}},
    )
    assert policy_from_json(record, where="policy.json") == policy


@pytest.mark.parametrize(
    ("policy", "known", "hint"),
    [
        (None, BUILT_IN, ""),
        ("own.yml", f"{BUILT_IN}, nightly", "\n  hint:   did you mean nightly?"),
    ],
)
def test_an_unknown_profile_is_refused_before_anything_runs(
    tmp_path: Path, policy: str | None, known: str, hint: str
) -> None:
    """P5: also under the default policy, which no file states."""
    plan = small_project(tmp_path, release='profile = "nigthly"', files={"own.yml": OWN}, policy=policy).plan
    with pytest.raises(ConfigError) as caught:
        policy_in_force(plan)
    assert str(caught.value) == UNKNOWN.format(known=known) + hint
    with pytest.raises(ConfigError):
        policy_json(DEFAULT_POLICY, plan)


def test_all_problems_of_the_file_are_told_at_once(tmp_path: Path) -> None:
    """K2, K3: a gate that nobody evaluates, a threshold that nobody reads."""
    text = b"schema: 1\ngates: { smoek: hard }\nthresholds: { max_duplicates: 1 }\n"
    plan = small_project(tmp_path, files={"own.yml": text}, policy="own.yml").plan
    with pytest.raises(ConfigErrors) as caught:
        policy_in_force(plan)
    assert [(problem.where, problem.hint) for problem in caught.value.problems] == [
        ("own.yml: gates.smoek", "did you mean smoke?"),
        ("own.yml: thresholds.max_duplicates", "did you mean max_duplicate_rate?"),
    ]


def test_a_policy_that_was_named_must_be_there(tmp_path: Path) -> None:
    """K2: a missing policy file is fatal unless none was named."""
    plan = replace(small_project(tmp_path).plan, policy="gone.yml")
    with pytest.raises(ConfigError, match="the policy is not there"):
        policy_in_force(plan)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"schema: 1\ngates: {plain-run: off, accepted: soft, smoke: soft}\n", "accepted, plain-run"),
        (b"schema: 1\nsoft_allowed: [smoke, source]\n", "source"),
        (b"schema: 1\nprofiles: {own: {gates: {committed: off}}}\n", "committed"),
    ],
)
def test_k4_a_policy_cannot_soften_what_may_be_sealed(tmp_path: Path, text: bytes, found: str) -> None:
    plan = small_project(tmp_path, files={"own.yml": text}, policy="own.yml").plan
    with pytest.raises(ConfigError) as caught:
        policy_in_force(plan)
    assert str(caught.value) == (
        "what may be sealed is no matter of policy\n"
        f"  wanted: the gates of the seal hard, or not listed\n  found:  {found}\n  where:  own.yml\n"
        "  hint:   remove them from gates and soft_allowed"
    )


def test_a_policy_may_say_that_the_gates_of_the_seal_are_hard(tmp_path: Path) -> None:
    text = b"schema: 1\ngates: {plain-run: hard}\n"
    plan = small_project(tmp_path, files={"own.yml": text}, policy="own.yml").plan
    assert policy_in_force(plan).gates == (("plain-run", "hard"),)
