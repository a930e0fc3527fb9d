"""The shape of evidence about benchmarks and of a baseline."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.contract_shape import CONTRACT
from release_tasks.policy.evidence_shape import (
    COUNT,
    DIGEST,
    FLAG,
    FLAG_OR_NULL,
    NUMBER,
    NUMBERS,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    EvidenceKind,
    Field,
    Misfit,
    misfits,
    nested,
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.records.json_value import JSON

# How the command of a benchmark ended; the other two are the gate codes of these names.
ENDED_WELL = "well"
ENDINGS = (ENDED_WELL, "SYSTEM_TIMEOUT", "SYSTEM_MEMORY_EXCEEDED")

_NUMBER_OR_NULL = or_null(NUMBER)
_DIRECTION = one("higher or lower", lambda value: value in ("higher", "lower"))
_ENDED = one(", ".join(ENDINGS), lambda value: value in ENDINGS)
_FACTS = rows_of({"name": TEXT, "value": TEXT})


def _some_numbers(value: JSON, key: str) -> Iterator[Misfit]:
    yield from NUMBERS(value, key)
    if value == []:
        yield Misfit(key, "one sample at least", "none")


_FIGURE: dict[str, Field] = {
    "name": TEXT,
    "unit": TEXT,
    "direction": _DIRECTION,
    "exact": FLAG,
    "samples": NUMBERS,
    "stderr": _NUMBER_OR_NULL,
}

_BENCHES: dict[str, Field] = {
    "version": TEXT,
    "benches": rows_of(
        {
            "name": TEXT,
            "model_hash": or_null(DIGEST),
            "machine": _FACTS,
            "settings": _FACTS,
            "metrics": rows_of({**_FIGURE, "samples": _some_numbers}),
        }
    ),
}
_BASELINES: dict[int, dict[str, Field]] = {
    1: {"schema_version": COUNT, **_BENCHES},
    2: {"schema_version": COUNT, **_BENCHES, "contract": or_null(CONTRACT)},
}


def baseline_misfits(value: JSON, key: str = "") -> Iterator[Misfit]:
    """Yield what is wrong with the JSON of a baseline, whichever of its schemas it says that it has."""
    prefix = f"{key}." if key else ""
    if not isinstance(value, dict):
        yield Misfit(key or "baseline", "an object", ascii(value)[:100])
        return
    if "schema_version" not in value:
        yield Misfit(f"{prefix}schema_version", "a measurement", "no such key")
        return
    number = value["schema_version"]
    fields = _BASELINES.get(number) if type(number) is int else None
    if fields is None:
        yield Misfit(f"{prefix}schema_version", "1 or 2", ascii(number)[:100])
    else:
        yield from misfits(value, fields, prefix)


BENCH = EvidenceKind(
    many=True,
    fields={
        "name": TEXT,
        "format": TEXT,
        "mock": FLAG,
        "ended": _ENDED,
        "problem": TEXT_OR_NULL,
        "machine": _FACTS,
        "settings": _FACTS,
        "model_hash": or_null(DIGEST),
        "artifact": or_null(nested({"path": TEXT, "sha256": DIGEST})),
        # Only of a report that was measured elsewhere.
        "imported": or_null(
            nested(
                {
                    "report": TEXT,
                    "commit": TEXT_OR_NULL,
                    "commit_found": FLAG,
                    "dirty": FLAG_OR_NULL,
                    "other_reads": TEXTS,
                }
            )
        ),
        "metrics": rows_of(
            {
                **_FIGURE,
                "median": _NUMBER_OR_NULL,
                "low": _NUMBER_OR_NULL,
                "high": _NUMBER_OR_NULL,
                "reported_unit": TEXT_OR_NULL,
                "reported_direction": or_null(_DIRECTION),
            }
        ),
    },
)

REGRESSION = EvidenceKind(
    fields={
        "tags_known": FLAG,
        "previous": or_null(
            nested(
                {
                    "tag": TEXT,
                    "path": TEXT,
                    "committed": FLAG,
                    "problem": TEXT_OR_NULL,
                    "baseline": or_null(baseline_misfits),
                }
            )
        ),
        "now": baseline_misfits,
        "wanted": rows_of(
            {"bench": TEXT, "metric": TEXT, "target": _NUMBER_OR_NULL, "max_regression": _NUMBER_OR_NULL}
        ),
    },
)
