"""What a release is allowed to be: gates, thresholds, profiles, waivers and exceptions, as records."""

from __future__ import annotations

from datetime import date

from release_tasks.config.schema import SCHEMA
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.verdict import Hardness


@frozen
class Waiver:
    """A person answers for what one gate finds about the file of one digest, until the end of a day (UTC)."""

    gate: str
    reason: str
    by: str
    expires: date
    applies_to: Digest


@frozen
class SecretException:
    """One finding of the secret scan that is no secret: its fingerprint is exact, never a pattern (K8)."""

    path: str
    rule: str
    fingerprint: str
    reason: str


@frozen
class ProfileRules:
    """What a profile asks for; the policy's own entries win over it. `strict` None: not said."""

    strict: bool | None = None
    required: tuple[str, ...] = ()
    gates: tuple[tuple[str, Hardness], ...] = ()
    thresholds: tuple[tuple[str, int | float], ...] = ()


@frozen
class Policy:
    """What is allowed; gates, thresholds and profiles are sorted by name.

    `required` gates refuse when release.toml declares nothing for them, `soft_allowed` are those that
    `--soft` may soften. A command that holds one of `mock_patterns` measures a mock (B14).
    """

    schema: int = SCHEMA
    strict: bool | None = None
    required: tuple[str, ...] = ()
    gates: tuple[tuple[str, Hardness], ...] = ()
    soft_allowed: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, int | float], ...] = ()
    mock_patterns: tuple[str, ...] = ("--mock", "mock=true", "use_mock")
    waivers: tuple[Waiver, ...] = ()
    exceptions: tuple[SecretException, ...] = ()
    profiles: tuple[tuple[str, ProfileRules], ...] = ()
