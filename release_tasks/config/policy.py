"""`release_policy.yml` as a mapping becomes a `Policy`: which gates are hard, and the thresholds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from release_tasks.config.fields import Problems, Table, check_schema, given
from release_tasks.config.readers import Reader, T, choice, did_you_mean, integer, number, wrong_type
from release_tasks.config.schema import SCHEMA
from release_tasks.errors import ConfigError, ConfigErrors
from release_tasks.records.verdict import HARDNESSES, Hardness


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What is allowed: gates by name, the gates that `--soft` may soften, and thresholds; all sorted."""

    schema: int = SCHEMA
    gates: tuple[tuple[str, Hardness], ...] = ()
    soft_allowed: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, int | float], ...] = ()

    def hardness(self, gate: str) -> Hardness:
        """Say how a gate counts; one that the policy does not list is hard."""
        return dict(self.gates).get(gate, "hard")

    def threshold(self, name: str, default: float) -> int | float:
        """Give the threshold of the policy, or the default of the code that asks."""
        return dict(self.thresholds).get(name, default)


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


def parse_policy(
    document: object, known_gates: frozenset[str], known_thresholds: frozenset[str], *, where: str
) -> Policy:
    """Read a whole policy; raises ConfigErrors with every problem.

    A gate or threshold that the policy names and no code evaluates is a problem: it would promise a check
    that nobody makes. `where` is the name of the file, for messages.
    """
    if not isinstance(document, Mapping):
        error = wrong_type(document, f"a mapping with schema: {SCHEMA}")
        error.where = where
        raise ConfigErrors((error,))
    check_schema(document, SCHEMA, label=where)
    problems = Problems(where, document)
    top = Table(document, (), problems)
    top.one("schema", integer(SCHEMA, SCHEMA), required=f"schema: {SCHEMA} as the first key")
    gates = _pairs(top.table("gates"), "gate", known_gates, choice(HARDNESSES))
    thresholds = _pairs(top.table("thresholds"), "threshold", known_thresholds, number)
    soft = top.many("soft_allowed", _known("gate", known_gates))
    top.close()
    problems.check()
    return Policy(
        **given(
            gates=gates, thresholds=thresholds, soft_allowed=None if soft is None else tuple(sorted(soft))
        )
    )
