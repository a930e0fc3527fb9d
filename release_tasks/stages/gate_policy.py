"""The policy under which a plan is judged, and how it is recorded in the release."""

from __future__ import annotations

from release_tasks.config.load import load_policy
from release_tasks.config.policy import Policy
from release_tasks.errors import ConfigError
from release_tasks.policy.decide import ALWAYS_HARD
from release_tasks.policy.gates import DEFAULT_POLICY, KNOWN_GATES, KNOWN_THRESHOLDS
from release_tasks.policy.policy_record import policy_to_json
from release_tasks.policy.profiles import in_force, profile_rules
from release_tasks.records.json_value import JSONObject
from release_tasks.stages.plan import Plan


def policy_in_force(plan: Plan) -> Policy:
    """The policy of the plan, or the default one; raises ConfigErrors with all problems of the file.

    Raises ConfigError when neither that policy nor release_tasks knows the profile of the release.
    """
    policy = DEFAULT_POLICY
    if plan.policy is not None:
        policy = load_policy(
            plan.release.root / plan.policy, known_gates=KNOWN_GATES, known_thresholds=KNOWN_THRESHOLDS
        )
        _refuse_soft_seal(policy, plan.policy)
    profile_rules(policy, plan.release.profile)
    return policy


def _refuse_soft_seal(policy: Policy, where: str) -> None:
    listed = [*policy.gates, *(pair for _, rules in policy.profiles for pair in rules.gates)]
    soft = {*policy.soft_allowed, *(name for name, hardness in listed if hardness != "hard")}
    if soft & ALWAYS_HARD:
        raise ConfigError(
            "what may be sealed is no matter of policy",
            wanted="the gates of the seal hard, or not listed",
            found=", ".join(sorted(soft & ALWAYS_HARD)),
            where=where,
            hint="remove them from gates and soft_allowed",
        )


def policy_json(policy: Policy, plan: Plan) -> JSONObject:
    """The policy as it is recorded in the release; raises ConfigError for an unknown profile."""
    force = in_force(policy, plan.release.profile, plan.mode)
    return policy_to_json(force, plan.release.profile, known_gates=KNOWN_GATES)
