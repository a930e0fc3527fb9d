"""The policy under which a plan is judged, and how it is recorded in the release."""

from __future__ import annotations

from release_tasks.config.load import load_policy
from release_tasks.config.policy import Policy
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
    profile_rules(policy, plan.release.profile)
    return policy


def policy_json(policy: Policy, plan: Plan) -> JSONObject:
    """The policy as it is recorded in the release; raises ConfigError for an unknown profile."""
    force = in_force(policy, plan.release.profile, plan.mode)
    return policy_to_json(force, plan.release.profile, known_gates=KNOWN_GATES)
