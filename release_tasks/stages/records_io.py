"""Record files between stages: canonical JSON, read strictly, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.evidence import Evidence, evidence_from_json
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.workspace import Workspace
from release_tasks.system.disk import write_atomic
from release_tasks.system.record_file import read_record_file


def write_record(workspace: Workspace, path: str, value: JSON) -> None:
    """Write one record of the project."""
    target = workspace.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, dump_canonical(value))


def read_record(workspace: Workspace, path: str) -> JSONObject:
    """Read one record that must be an object; raises FormatError when it is damaged."""
    return read_object(workspace.root / path, where=path)


def read_object(file: Path, *, where: str) -> JSONObject:
    """Read a canonical JSON object from a file; raises FormatError when it is anything else, OSError."""
    value = parse_canonical(read_record_file(file, where=where), where=where)
    if not isinstance(value, dict):
        raise FormatError("not a record", wanted="a JSON object", found=type(value).__name__, where=where)
    return value


def write_evidence(workspace: Workspace, path: str, evidence: Evidence) -> None:
    """Write one evidence record."""
    write_record(workspace, path, evidence.to_json())


def read_evidence(workspace: Workspace, path: str) -> Evidence:
    """Read one evidence record; raises FormatError when it is damaged."""
    return evidence_from_json(read_record(workspace, path), where=path)
