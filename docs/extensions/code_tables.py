"""Tables of what the code decides by: gates, codes, thresholds, profiles and errors."""

# ruff: noqa: INP001 - Sphinx puts this folder on sys.path
from __future__ import annotations

from collections.abc import Iterable, Iterator

from schema_text import cell, code

from release_tasks import errors
from release_tasks.policy.gates import DEFAULT_POLICY, GATES
from release_tasks.policy.profiles import PROFILES
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.records.code_table import CODES


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def gates_text() -> str:
    """Every gate in the order in which it is asked."""
    usual = dict(DEFAULT_POLICY.gates)
    rows = (
        (
            code(gate.name),
            gate.point,
            usual.get(gate.name, "hard"),
            "always" if gate.undeclared is None else f"else {code(gate.undeclared)}",
            cell(gate.doc),
        )
        for gate in GATES
    )
    return _table(("gate", "point", "without a policy", "asked", "wants"), rows)


def codes_text() -> str:
    """Every code that a verdict can give, and what to do about it."""
    rows = (
        (
            code(gate_code),
            info.category,
            "refuses" if info.hard else "warns",
            str(info.priority),
            cell(info.recommendation),
        )
        for gate_code, info in CODES.items()
    )
    return _table(("code", "category", "alone it", "priority", "do"), rows)


def thresholds_text() -> str:
    """Every limit that a policy may set."""
    rows = (
        (code(name), "—" if limit.default is None else f"{limit.default:g}", cell(limit.doc))
        for name, limit in THRESHOLDS.items()
    )
    return _table(("threshold", "default", "limits"), rows)


def profiles_text() -> str:
    """The built-in profiles: what each sets otherwise than the defaults."""
    rows = (
        (
            code(name),
            "yes" if rules.strict else "no",
            ", ".join(code(gate) for gate in rules.required or ()) or "—",
            ", ".join(f"{code(key)} {value:g}" for key, value in rules.thresholds) or "the defaults",
        )
        for name, rules in PROFILES.items()
    )
    return _table(("profile", "strict", "required", "limits"), rows)


def errors_text() -> str:
    """Every kind of error with the exit code that it gives."""
    rows = ((code(kind.code), str(kind.exit_code), cell(_first_sentence(kind))) for kind in _kinds())
    return _table(("code", "exit code", "means"), rows)


def _kinds() -> Iterator[type[errors.ReleaseError]]:
    seen = set()
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.ReleaseError) and kind.code not in seen:
            seen.add(kind.code)
            yield kind


def _first_sentence(kind: type) -> str:
    return (kind.__doc__ or "").split("\n\n")[0].strip()
