"""The policy under which a plan is judged, and how it is recorded in the release."""

from __future__ import annotations

from release_tasks.config.load import load_policy
from release_tasks.config.policy import Policy
from release_tasks.policy.gates import DEFAULT_POLICY, KNOWN_GATES, KNOWN_THRESHOLDS
from release_tasks.records.json_value import JSONObject
from release_tasks.stages.plan import Plan


def policy_in_force(plan: Plan) -> Policy:
    """The policy of the plan, or the default one; raises ConfigErrors with all problems of the file.

    A snapshot is built without a lock: its gates are off, and the verdict says so.
    """
    policy = DEFAULT_POLICY
    if plan.policy is not None:
        policy = load_policy(
            plan.release.root / plan.policy, known_gates=KNOWN_GATES, known_thresholds=KNOWN_THRESHOLDS
        )
    if not plan.mode.snapshot:
        return policy
    gates = dict(policy.gates) | {"lock-inputs": "off", "lock-outputs": "off"}
    return Policy(
        gates=tuple(sorted(gates.items())), soft_allowed=policy.soft_allowed, thresholds=policy.thresholds
    )


def policy_json(policy: Policy) -> JSONObject:
    """The policy as it is recorded in the release, with the hardness of every gate that exists."""
    return {
        "schema_version": 1,
        "gates": {gate: policy.hardness(gate) for gate in sorted(KNOWN_GATES)},
        "soft_allowed": list(policy.soft_allowed),
        "thresholds": dict(policy.thresholds),
    }
