"""Targets of marginals: which share of the records each category of a field should have."""

from __future__ import annotations

import math

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON

ORIGINS = ("real", "estimated", "fallback")
_WANTED = '{"marginals": {FIELD: {"provenance": "real", "shares": {CATEGORY: 0.5, …}}}, "converged": true}'
_SUM_ERROR = 1e-6


@frozen
class Marginal:
    """The wanted shares of one field, by category, and where they come from: one of ORIGINS."""

    field: str
    shares: dict[str, float]
    provenance: str


@frozen
class Targets:
    """All marginals by field name, and whether the fitting of weights to them converged, None: not fitted."""

    marginals: tuple[Marginal, ...]
    converged: bool | None


def parse_targets(data: bytes, *, where: str) -> Targets:
    """Read the JSON of targets; raises FormatError for another shape, and shares that are not shares of 1."""
    match parse_strict(data, where=where):
        case {"marginals": dict() as found, **rest} if found and rest.keys() <= {"converged"}:
            converged = rest.get("converged")
            if isinstance(converged, bool) or "converged" not in rest:
                marginals = tuple(_marginal(name, item, where) for name, item in sorted(found.items()))
                return Targets(
                    marginals=marginals, converged=converged if isinstance(converged, bool) else None
                )
        case _:
            pass
    raise FormatError("not targets of marginals", wanted=_WANTED, found="another shape", where=where)


def _marginal(field: str, value: JSON, where: str) -> Marginal:
    match value:
        case {
            "provenance": "real" | "estimated" | "fallback" as provenance,
            "shares": dict() as shares,
            **rest,
        }:
            numbers = {
                name: float(share)
                for name, share in sorted(shares.items())
                if isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
            }
            total = math.fsum(numbers.values())
            if not rest and len(numbers) == len(shares) and abs(total - 1) <= _SUM_ERROR:
                return Marginal(field=field, shares=numbers, provenance=str(provenance))
        case _:
            pass
    raise FormatError(
        f"not a marginal: {ascii(field)[1:-1][:100]}",
        wanted=f"provenance, one of {', '.join(ORIGINS)}, and shares from 0 to 1 whose sum is 1",
        found="something else",
        where=where,
    )
