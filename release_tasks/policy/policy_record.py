"""The policy as a release records it: what is in force, and the whole policy, so that it can be read back."""

from __future__ import annotations

from collections.abc import Collection

from release_tasks.config.policy import Policy, ProfileRules, SecretException, Waiver
from release_tasks.config.policy_reader import parse_policy
from release_tasks.errors import ConfigErrors, FormatError
from release_tasks.policy.profiles import InForce
from release_tasks.records.json_value import JSON, JSONObject

SCHEMA_VERSION = 1


def policy_to_json(force: InForce, profile: str, *, known_gates: Collection[str]) -> JSONObject:
    """Write a policy and what it comes to under a profile, with the hardness of every gate that exists.

    `in_force` is what a gate compares with; `profile_rules` are the rules of that profile, built in or of the
    policy; `policy` is the policy itself, with all that it leaves open.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "profile": profile,
        "in_force": {
            "strict": force.strict,
            "required": list[JSON](sorted(force.required)),
            "gates": {gate: force.hardness(gate) for gate in sorted(known_gates)},
            "limits": dict(force.limits),
        },
        "profile_rules": _rules_json(force.rules),
        "policy": _policy_json(force.policy),
    }


def _rules_json(rules: ProfileRules | Policy) -> JSONObject:
    return {
        "strict": rules.strict,
        "required": list[JSON](rules.required),
        "gates": dict(rules.gates),
        "thresholds": dict(rules.thresholds),
    }


def _policy_json(policy: Policy) -> JSONObject:
    return {
        **_rules_json(policy),
        "schema": policy.schema,
        "soft_allowed": list[JSON](policy.soft_allowed),
        "mock_patterns": list[JSON](policy.mock_patterns),
        "waivers": [_waiver_json(waiver) for waiver in policy.waivers],
        "exceptions": [_exception_json(item) for item in policy.exceptions],
        "profiles": {name: _rules_json(rules) for name, rules in policy.profiles},
    }


def _waiver_json(waiver: Waiver) -> JSONObject:
    return {
        "gate": waiver.gate,
        "reason": waiver.reason,
        "by": waiver.by,
        "expires": waiver.expires.isoformat(),
        "applies_to": str(waiver.applies_to),
    }


def _exception_json(item: SecretException) -> JSONObject:
    return {"path": item.path, "rule": item.rule, "fingerprint": item.fingerprint, "reason": item.reason}


def policy_from_json(value: JSON, *, where: str) -> Policy:
    """Read the policy of a record back; raises FormatError unless `policy_to_json` could have written it.

    Gates and thresholds are those that the record itself knows, which another version of release_tasks may
    have written.
    """
    match value:
        case {
            "schema_version": 1,
            "profile": str(),
            "in_force": {
                "strict": bool(),
                "required": list(),
                "gates": dict() as gates,
                "limits": dict() as limits,
                **more,
            },
            "profile_rules": dict(),
            "policy": dict() as policy,
            **rest,
        } if not rest and not more:
            pass
        case _:
            raise _no_record("schema_version 1, profile, in_force, profile_rules, policy", value, where)
    try:
        read = parse_policy(_as_in_a_file(policy), frozenset(gates), frozenset(limits), where=where)
    except ConfigErrors as error:
        raise _no_record("a policy that could have been in force", str(error.problems[0]), where) from None
    if _policy_json(read) != policy:
        raise _no_record("every key of a policy, its lists sorted", policy, where)
    return read


def _as_in_a_file(value: JSON) -> JSON:
    """Leave out what a file would not say: strictness that is left open."""
    if not isinstance(value, dict):
        return value
    said = {key: item for key, item in value.items() if key != "strict" or item is not None}
    return {key: _as_in_a_file(item) for key, item in said.items()}


def _no_record(wanted: str, found: JSON, where: str) -> FormatError:
    said = ", ".join(sorted(found)) if isinstance(found, dict) else found
    text = said if isinstance(said, str) else type(said).__name__
    return FormatError(
        "not a record of a policy",
        wanted=wanted,
        found=text[:500],
        where=where,
        hint="run 'doit release' to write it again",
    )
