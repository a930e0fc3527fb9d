"""What is wrong with a recorded file of a release, which is read and never made again (design section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from release_tasks.errors import ReleaseError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS
from release_tasks.policy.evidence_shape import (
    DIGEST,
    FLAG_OR_NULL,
    TEXT_OR_NULL,
    TEXTS,
    Field,
    misfits,
    one,
    or_null,
)
from release_tasks.records.evidence import evidence_from_json
from release_tasks.records.json_value import JSON

# Those of schemas/provenance.schema.json.
_PROVENANCE: Mapping[str, Field] = {
    "schema_version": one("1", lambda value: type(value) is int and value == 1),
    "git_commit": TEXT_OR_NULL,
    "git_dirty": FLAG_OR_NULL,
    "model_hash": or_null(DIGEST),
    "cli_args": or_null(TEXTS),
    "platform": TEXT_OR_NULL,
    "wsl2": FLAG_OR_NULL,
}


def recorded_flaws(path: str, role: str, data: bytes) -> Iterator[str]:
    """Yield what is wrong with the bytes of a recorded file, by its role: nothing when it is sound.

    Evidence has the shape of its kind and provenance that of its schema; other JSON, reports of foreign tools
    too, must at least be JSON.
    """
    try:
        if role == "evidence":
            yield from _evidence_flaws(parse_canonical(data, where=path), path)
        elif role == "provenance":
            yield from _provenance_flaws(parse_canonical(data, where=path))
        elif path.endswith(".json"):
            parse_strict(data, where=path, python_floats=True)
    except ReleaseError as error:
        yield error.what


def _evidence_flaws(value: JSON, path: str) -> Iterator[str]:
    record = evidence_from_json(value, where=path)
    kind = EVIDENCE_KINDS.get(record.kind)
    if kind is None:
        yield f"evidence of an unknown kind, {record.kind}"
        return
    for misfit in (*misfits(record.data, kind.fields), *kind.contradictions(record.data)):
        yield f"{misfit.key}: wanted {misfit.wanted}, found {misfit.found}"


def _provenance_flaws(value: JSON) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "provenance that is no object"
        return
    for misfit in misfits(value, _PROVENANCE):
        yield f"{misfit.key}: wanted {misfit.wanted}, found {misfit.found}"
