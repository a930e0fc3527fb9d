"""Built-in policy profiles (P5, P11, R28), and what is in force when a policy is read under one of them."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.config.policy import Policy, ProfileRules
from release_tasks.config.readers import did_you_mean
from release_tasks.errors import ConfigError
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.records.frozen_record import frozen
from release_tasks.records.verdict import Hardness, Mode

DEFAULT_PROFILE = "default"

PROFILES: dict[str, ProfileRules] = {
    DEFAULT_PROFILE: ProfileRules(),
    "analysis_only": ProfileRules(
        thresholds=(
            ("max_cache_age_days", 60),
            ("max_fallback_critical", 0.70),
            ("max_fallback_supercritical", 1.0),
            ("max_marginal_l1_category", 0.25),
            ("max_marginal_l1_mean", 0.10),
            ("max_mock_ratio", 1.0),
            ("min_ess_ratio", 0.50),
            ("min_schema_valid_rate", 0.50),
        ),
    ),
    "narrative_required": ProfileRules(
        thresholds=(
            ("max_cache_age_days", 30),
            ("max_fallback_critical", 0.70),
            ("max_fallback_supercritical", 0.50),
            ("max_marginal_l1_category", 0.25),
            ("max_marginal_l1_mean", 0.10),
            ("max_mock_ratio", 0.20),
            ("min_ess_ratio", 0.70),
            ("min_schema_valid_rate", 0.90),
        ),
    ),
    "high_stakes": ProfileRules(
        strict=True,
        thresholds=(
            ("max_cache_age_days", 7),
            ("max_fallback_critical", 0.40),
            ("max_fallback_supercritical", 0.50),
            ("max_marginal_l1_category", 0.15),
            ("max_marginal_l1_mean", 0.06),
            ("max_mock_ratio", 0.05),
            ("min_ess_ratio", 0.85),
            ("min_schema_valid_rate", 0.95),
        ),
    ),
    "code-model": ProfileRules(
        required=("targets",),  # without a benchmark none of these would be looked at
        thresholds=(
            ("max_latency_ms_per_token", 50),
            ("max_rss_mb", 8000),
            ("min_compile_rate", 0.70),
            ("min_pass_at_1", 0.40),
            ("min_pass_at_5", 0.60),
            ("min_pass_at_10", 0.70),
        ),
    ),
}


@frozen
class InForce:
    """A policy read under one profile: hardness of gates, every limit, and whether warnings refuse.

    `rules` are those of the profile. A `snapshot` is built without a lock, so nothing compares with it.
    """

    policy: Policy
    rules: ProfileRules
    gates: Mapping[str, Hardness]
    required: frozenset[str]
    limits: Mapping[str, float | None]
    strict: bool
    snapshot: bool

    def hardness(self, gate: str) -> Hardness:
        """Say how a gate counts; one that neither policy nor profile lists is hard (K2)."""
        if self.snapshot and gate.startswith("lock-"):
            return "off"
        return self.gates.get(gate, "hard")


def profile_rules(policy: Policy, profile: str) -> ProfileRules:
    """The rules of a profile, of the policy's own or built in; raises ConfigError for an unknown name."""
    known = {**PROFILES, **dict(policy.profiles)}
    if profile not in known:
        raise ConfigError(
            "there is no profile of this name",
            wanted="one of " + ", ".join(sorted(known)),
            found=profile,
            where="release.profile or --profile",
            hint=did_you_mean(profile, known),
        )
    return known[profile]


def in_force(policy: Policy, profile: str, mode: Mode) -> InForce:
    """Read a policy under a profile: the policy's own entries win, then the profile's, then the defaults.

    The command line's strictness wins over the policy's, and that over the profile's (P5). Raises
    ConfigError for an unknown profile.
    """
    rules = profile_rules(policy, profile)
    chosen = (mode.strict, policy.strict, rules.strict)
    defaults = {name: threshold.default for name, threshold in THRESHOLDS.items()}
    return InForce(
        policy=policy,
        rules=rules,
        gates={**dict(rules.gates), **dict(policy.gates)},
        required=frozenset(rules.required) | frozenset(policy.required),
        limits={**defaults, **dict(rules.thresholds), **dict(policy.thresholds)},
        strict=next((value for value in chosen if value is not None), False),
        snapshot=mode.snapshot,
    )
