"""What a record of each kind of evidence must hold: a missing measurement must never read as a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from release_tasks.records.json_value import JSON, JSONObject


@dataclass(frozen=True, slots=True)
class Misfit:
    """A key of a record that is missing or holds something else than a measurement."""

    key: str
    wanted: str
    found: str


Field = Callable[[JSON, str], Iterator[Misfit]]


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """The fields of one kind, and whether its record must speak of every artifact of the release."""

    fields: Mapping[str, Field]
    of_artifacts: bool


def misfits(data: JSONObject, fields: Mapping[str, Field], prefix: str = "") -> Iterator[Misfit]:
    """Yield every field that is missing or of another type; further keys are for people and free."""
    for name, field in fields.items():
        if name in data:
            yield from field(data[name], prefix + name)
        else:
            yield Misfit(prefix + name, "a measurement", "no such key")


def _one(wanted: str, fits: Callable[[JSON], bool]) -> Field:
    def check(value: JSON, key: str) -> Iterator[Misfit]:
        if not fits(value):
            yield Misfit(key, wanted, ascii(value)[:100])

    return check


def _rows(fields: Mapping[str, Field]) -> Field:
    def check(value: JSON, key: str) -> Iterator[Misfit]:
        if not isinstance(value, list):
            yield Misfit(key, "a list", ascii(value)[:100])
            return
        for index, row in enumerate(value):
            place = f"{key}[{index}]"
            if isinstance(row, dict):
                yield from misfits(row, fields, f"{place}.")
            else:
                yield Misfit(place, "an object", ascii(row)[:100])

    return check


_FLAG = _one("true or false", lambda value: isinstance(value, bool))
_FLAG_OR_NULL = _one("true, false or null", lambda value: value is None or isinstance(value, bool))
_COUNT = _one("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool))
_TEXT = _one("a text", lambda value: isinstance(value, str))
_TEXT_OR_NULL = _one("a text or null", lambda value: value is None or isinstance(value, str))
_TEXTS = _one(
    "a list of texts", lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value)
)
_DIFFERENCES = _rows({"name": _TEXT, "frozen": _TEXT_OR_NULL, "now": _TEXT_OR_NULL})
_PROBLEMS = _rows({"path": _TEXT, "problem": _TEXT})

EVIDENCE_KINDS: dict[str, EvidenceKind] = {
    "frozen-inputs": EvidenceKind({"lock": _FLAG, "differences": _DIFFERENCES}, of_artifacts=False),
    "frozen-outputs": EvidenceKind(
        {
            "lock": _FLAG,
            "numeric_id": _TEXT,
            "known": _FLAG,
            "frozen_ids": _TEXTS,
            "differences": _DIFFERENCES,
        },
        of_artifacts=False,
    ),
    "version": EvidenceKind(
        {"version": _TEXT, "tag": _TEXT, "tag_commit": _TEXT_OR_NULL, "commit": _TEXT_OR_NULL},
        of_artifacts=False,
    ),
    "artifacts": EvidenceKind(
        {
            "contract": _TEXT,
            "missing": _rows({"role": _TEXT}),
            "invalid": _rows({"path": _TEXT, "wanted": _TEXT, "problem": _TEXT}),
            "weights": _rows(
                {
                    "path": _TEXT,
                    "canonical": _FLAG,
                    "tensors": _COUNT,
                    "dtypes": _TEXTS,
                    "not_finite": _rows(
                        {"tensor": _TEXT, "elements": _COUNT, "nan": _COUNT, "infinite": _COUNT}
                    ),
                }
            ),
            "pickles": _PROBLEMS,
            "remote_code": _PROBLEMS,
        },
        of_artifacts=True,
    ),
    "smoke": EvidenceKind(
        {
            "ran": _FLAG,
            "ended_well": _FLAG,
            "check": _TEXT_OR_NULL,
            "sample_ok": _FLAG,
            "problem": _TEXT_OR_NULL,
        },
        of_artifacts=True,
    ),
    "seal": EvidenceKind(
        {
            "commit": _TEXT_OR_NULL,
            "dirty": _FLAG_OR_NULL,
            "head": _TEXT_OR_NULL,
            "lock_committed": _FLAG,
            "policy": _TEXT_OR_NULL,
            "policy_committed": _FLAG,
            "numeric_id": _TEXT,
            "numeric_known": _FLAG,
            "soft": _FLAG,
            "snapshot": _FLAG,
            "policy_override": _FLAG,
            "root": _TEXT_OR_NULL,
            "accepted_root": _TEXT_OR_NULL,
        },
        of_artifacts=False,
    ),
}
