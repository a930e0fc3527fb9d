"""Scan the artifacts, and the files whose words packaging repeats, before anything is decided."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.formats.yaml_rendering import render_yaml
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.input_modes import input_modes
from release_tasks.stages.layout import place_artifacts
from release_tasks.stages.release_scan import Item, scan_release
from release_tasks.stages.secrets import own_file
from release_tasks.stages.workspace import STATE


def _items(context: Context) -> Iterator[Item]:
    plan, workspace = context.plan, context.workspace
    for placed in place_artifacts(plan, workspace):
        source = workspace.index.locate(placed.declared)
        if not placed.rendered:
            yield Item(path=placed.name, role=placed.role, source=source)
            continue
        try:
            rendered = render_yaml(source.read_bytes(), where=placed.declared)
        except ReleaseError:
            continue  # malformed: the evidence of kind `artifacts` says so
        yield Item(path=placed.name, role=placed.role, source=rendered)
    # metadata.json, README.txt and the records of commands and policy repeat what these two say.
    for declared in (own_file(plan), plan.policy):
        if declared is not None and workspace.index.locate(declared).is_file():
            yield Item(path=declared, role="declaration", source=workspace.index.locate(declared))


def scan_artifacts(context: Context) -> None:
    """Write the evidence of kind `secrets`; what was found decides nothing here."""
    workspace = context.workspace
    scratch = workspace.root / STATE / "staging"
    data = scan_release(_items(context), scratch=scratch, report=context.report)
    modes = input_modes(workspace.release, workspace.index)
    if modes is not None:
        data["modes"] = [{"path": path, "found": found} for path, found in modes]
    write_measurement(context, "secrets", data)
