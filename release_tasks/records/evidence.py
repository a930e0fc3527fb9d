"""Evidence: what a step measured, bound to the bytes that it speaks of."""

from __future__ import annotations

from release_tasks.errors import FormatError
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import RECORDS

SCHEMA_VERSION = 1
POLICY_RECORD = f"{RECORDS}/policy.json"


@frozen
class Evidence:
    """One record: its kind, the declared files it speaks of with their digests, and what was found."""

    kind: str
    subjects: tuple[tuple[str, Digest], ...]
    data: JSONObject

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": self.kind,
            "subjects": {path: str(digest) for path, digest in self.subjects},
            "data": self.data,
        }


def evidence_path(name: str) -> str:
    """Where a record is kept in the project, by its name: a kind, or `KIND/NAME` where a kind has many."""
    return f"{RECORDS}/{name}.json"


def kind_of(name: str) -> str:
    """The kind of a record by its name."""
    return name.partition("/")[0]


def evidence_from_json(value: JSON, *, where: str) -> Evidence:
    """Read a record; raises FormatError unless it has exactly the keys that `to_json` writes."""
    match value:
        case {
            "schema_version": 1,
            "kind": str() as kind,
            "subjects": dict() as subjects,
            "data": dict() as data,
            **rest,
        } if not rest:
            pairs = tuple((path, parse_digest(str(text))) for path, text in sorted(subjects.items()))
            return Evidence(kind=kind, subjects=pairs, data=data)
        case _:
            raise FormatError(
                "not an evidence record",
                wanted="schema_version 1, kind, subjects, data",
                found=", ".join(sorted(value)) if isinstance(value, dict) else type(value).__name__,
                where=where,
                hint="remove the file and run 'doit release'",
            )
