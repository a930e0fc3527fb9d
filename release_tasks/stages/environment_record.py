"""environment.json: what machine, interpreter and libraries made a release, and how its steps were run."""

from __future__ import annotations

import os
import platform
from importlib.metadata import distributions

from release_tasks import __version__
from release_tasks.errors import FormatError
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lineage import StepFiles, lineage_json
from release_tasks.records.step import RECORDS
from release_tasks.stages.records_io import read_object
from release_tasks.stages.workspace import Workspace
from release_tasks.system.clock import EPOCH
from release_tasks.system.machine import machine_id, processor


def _packages() -> JSONObject:
    """Names and versions of what is installed, from the headers of its Core Metadata alone (PEP 566)."""
    found: dict[str, JSON] = {}
    for dist in distributions():
        headers = (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "").partition("\n\n")[0]
        fields = dict(line.split(": ", 1) for line in headers.splitlines() if ": " in line)
        if "Name" in fields:
            found.setdefault(fields["Name"], fields.get("Version"))
    return dict(sorted(found.items()))


def _wsl2() -> bool:
    return "microsoft" in platform.release().casefold()


def _override(name: str, value: str) -> str:
    """A variable that changed release.toml; folders of this machine are not for a release to tell."""
    return value if name == "RELEASE_VERSION" else "set"


def _overrides(workspace: Workspace) -> JSONObject:
    """What the environment changed: keys of release.toml, and the date of the release."""
    found: JSONObject = {name: _override(name, value) for name, value in workspace.release.overrides}
    if EPOCH in os.environ:
        found[EPOCH] = os.environ[EPOCH]
    return dict(sorted(found.items()))


def _lineage(workspace: Workspace) -> JSON:
    """What each step of the user reads and writes: release.toml tells it, which no release has."""
    return lineage_json(
        StepFiles(step=user.name, reads=tuple(sorted(user.reads)), writes=tuple(sorted(user.writes)))
        for user in workspace.release.steps
    )


def environment_record(workspace: Workspace, *, decided_at: str) -> JSONObject:
    """Collect the facts of this run; the records of the user's steps say how each was run.

    A step's record is not an input of the gate: a step that ran again to the same bytes wakes nobody.
    """
    steps: dict[str, JSON] = {}
    for user in workspace.release.steps:
        path = workspace.root / RECORDS / f"step-{user.name}.json"
        try:
            steps[user.name] = read_object(path, where=path.name)
        except (OSError, FormatError):
            steps[user.name] = None
    return {
        "schema_version": 1,
        "decided_at": decided_at,
        "generator": f"release_tasks {__version__}",
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()).strip() or None,
            "cpu_count": os.cpu_count(),
            "processor": processor(),
            "machine_id": machine_id(),
            "wsl2": _wsl2(),
        },
        "python": {"implementation": platform.python_implementation(), "version": platform.python_version()},
        "packages": _packages(),
        "numeric_id": workspace.numeric_id,
        "overrides": _overrides(workspace),
        "steps": steps,
        "lineage": _lineage(workspace),
    }
