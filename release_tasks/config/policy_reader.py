"""`release_policy.yml` as a mapping becomes a `Policy`; pure, and all problems are told at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from release_tasks.config.declared import split_root
from release_tasks.config.fields import Table, given, open_document
from release_tasks.config.policy import Policy, ProfileRules, SecretException, Waiver
from release_tasks.config.readers import (
    Reader,
    T,
    choice,
    describe,
    did_you_mean,
    flag,
    matching,
    number_in,
    text,
    wrong_type,
)
from release_tasks.config.schema import SCHEMA
from release_tasks.errors import ConfigError, PathError
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.paths import safe_relpath
from release_tasks.records.verdict import HARDNESSES, Hardness

_PROFILE_NAME = matching(r"[a-z0-9][a-z0-9._-]{0,99}", "a-z, 0-9, then also . _ -; at most 100 characters")
_DIGEST = matching(r"sha256:[0-9a-f]{64}", "sha256:<64 lower-case hex digits>, the digest of the file judged")
_HEX = matching(
    r"[0-9a-f]{40}|[0-9a-f]{64}",
    "64 lower-case hex digits of a SHA-256, or 40 of a SHA-1, as the scanner prints",
)


def _known(kind: str, names: frozenset[str]) -> Reader[str]:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise wrong_type(value, f"the name of a {kind}")
        if value not in names:
            raise _unknown(kind, value, names)
        return value

    return read


def _unknown(kind: str, name: str, names: Collection[str]) -> ConfigError:
    return ConfigError(
        f"no code evaluates a {kind} of this name",
        wanted="one of " + (", ".join(sorted(names)) or "none at all"),
        found=ascii(name)[1:-1][:100],
        hint=did_you_mean(name, names),
    )


def _day(value: object) -> date:
    wanted = "a day, as 2026-12-31: the last on which the waiver holds, UTC"
    if not isinstance(value, str):
        raise wrong_type(value, wanted)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:  # Python reads 20261231 and 2026-W53-4 too
        raise ConfigError("not a day", wanted=wanted, found=describe(value))
    return day


def _digest(value: object) -> Digest:
    return sha256(_DIGEST(value).removeprefix("sha256:"))


def _fingerprint(value: object) -> str:
    try:
        return _HEX(value)
    except ConfigError as error:
        if isinstance(value, int | float):
            error.hint = "put it in quotes: YAML reads digits as a number"
        raise


def _exact_path(value: object) -> str:
    found = text(value)
    if "*" in found or "?" in found:
        raise PathError(
            "path refused: an exception is for one file",
            wanted="the exact path, no * ?",
            found=ascii(found)[1:-1][:200],
        )
    safe_relpath(split_root(found)[1])
    return found


def _pairs(
    table: Table | None, kind: str, names: frozenset[str], reader: Reader[T]
) -> tuple[tuple[str, T], ...] | None:
    if table is None:
        return None
    found = []
    for key in table.keys:
        if key not in names:
            table.problem(_unknown(kind, key, names), key)
        value = table.one(key, reader)
        if value is not None:
            found.append((key, value))
    return tuple(sorted(found, key=lambda pair: pair[0]))


def _sorted(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(names))


def _read_rules(table: Table, gates: frozenset[str], thresholds: frozenset[str]) -> dict[str, Any]:
    """What a policy and each of its profiles have in common."""
    hardness: Reader[Hardness] = choice(HARDNESSES)
    return given(
        strict=table.one("strict", flag),
        required=_sorted(table.many("required", _known("gate", gates))),
        gates=_pairs(table.table("gates"), "gate", gates, hardness),
        thresholds=_pairs(table.table("thresholds"), "threshold", thresholds, number_in(0)),
    )


def _refuse_contradiction(table: Table, above: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
    """A gate that is off is not asked, so nobody may require it; the policy's own entries stand `above`."""
    own, over = dict(rules.get("gates", ())), dict(above.get("gates", ()))
    required, required_above = rules.get("required", ()), above.get("required", ())
    for name in sorted({*required, *required_above}):
        told = name in required_above and over.get(name) == "off"  # of the policy itself, once
        if not told and {**own, **over}.get(name) == "off":
            table.problem(
                ConfigError("gate is required and off", wanted="one of the two", found=name), "required"
            )


def _read_profiles(
    top: Table, above: Mapping[str, Any], gates: frozenset[str], thresholds: frozenset[str]
) -> tuple[tuple[str, ProfileRules], ...] | None:
    table = top.table("profiles")
    if table is None:
        return None
    found = []
    for name in sorted(table.keys):
        try:
            _PROFILE_NAME(name)
        except ConfigError as error:
            table.problem(error, name)
        inner = table.table(name)
        if inner is None:
            continue
        rules = _read_rules(inner, gates, thresholds)
        inner.close()
        _refuse_contradiction(inner, above, rules)
        found.append((name, ProfileRules(**rules)))
    return tuple(found)


def _read_waivers(top: Table, gates: frozenset[str]) -> tuple[Waiver, ...]:
    found: list[Waiver] = []
    for table in top.tables("waivers", wanted="a list of waivers"):
        gate = table.one("gate", _known("gate", gates), required="the gate that it is for")
        reason = table.one("reason", text, required="why the finding is acceptable")
        by = table.one("by", text, required="the person who answers for it")
        expires = table.one("expires", _day, required="the last day on which it holds, as 2026-12-31")
        applies_to = table.one("applies_to", _digest, required="the file judged, as sha256:<64 hex>")
        table.close()
        if gate is None or reason is None or by is None or expires is None or applies_to is None:
            continue
        if any((waiver.gate, waiver.applies_to) == (gate, applies_to) for waiver in found):
            table.problem(
                ConfigError(
                    "two waivers are for one gate and one file",
                    wanted="one of them",
                    found=f"{gate}, {applies_to.short}",
                )
            )
        found.append(Waiver(gate=gate, reason=reason, by=by, expires=expires, applies_to=applies_to))
    return tuple(found)


def _read_exceptions(top: Table) -> tuple[SecretException, ...]:
    found: list[SecretException] = []
    for table in top.tables("exceptions", wanted="a list of exceptions"):
        path = table.one("path", _exact_path, required="the file that holds it")
        rule = table.one("rule", text, required="the rule of the scanner that found it")
        fingerprint = table.one(
            "fingerprint", _fingerprint, required="its fingerprint, as the scanner prints"
        )
        reason = table.one("reason", text, required="why it is no secret")
        table.close()
        if path is None or rule is None or fingerprint is None or reason is None:
            continue
        if any((item.path, item.rule, item.fingerprint) == (path, rule, fingerprint) for item in found):
            table.problem(
                ConfigError(
                    "two exceptions are for one finding", wanted="one of them", found=f"{path}, {rule}"
                )
            )
        found.append(SecretException(path=path, rule=rule, fingerprint=fingerprint, reason=reason))
    return tuple(found)


def parse_policy(
    document: object, known_gates: frozenset[str], known_thresholds: frozenset[str], *, where: str
) -> Policy:
    """Read a whole policy; raises ConfigErrors with every problem.

    A gate or threshold that the policy names and no code evaluates is a problem: it would promise a check
    that nobody makes. `where` is the name of the file, for messages.
    """
    top, problems = open_document(document, SCHEMA, where=where)
    rules = _read_rules(top, known_gates, known_thresholds)
    found = given(
        soft_allowed=_sorted(top.many("soft_allowed", _known("gate", known_gates))),
        mock_patterns=top.many("mock_patterns", text),
        profiles=_read_profiles(top, rules, known_gates, known_thresholds),
    )
    waivers, exceptions = _read_waivers(top, known_gates), _read_exceptions(top)
    top.close()
    _refuse_contradiction(top, {}, rules)
    problems.check()
    return Policy(waivers=waivers, exceptions=exceptions, **rules, **found)
