"""Where a measurement comes from: commit, command, model and platform, beside the record of it (B22)."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import changed_paths, head_commit

SCHEMA_VERSION = 1


def measured_here(workspace: Workspace, *, model_hash: str | None, cli_args: Sequence[str]) -> JSONObject:
    """Provenance of what a command of ours measured just now; the commit is null without git.

    Raises EnvironmentRefused when git cannot tell whether the tree is clean.
    """
    commit = head_commit(workspace.root)
    return {
        "schema_version": SCHEMA_VERSION,
        "git_commit": None if commit is None else commit.id,
        "git_dirty": None if commit is None else bool(changed_paths(workspace.root)),
        "model_hash": model_hash,
        "cli_args": list[JSON](cli_args),
        "platform": platform.platform(),
        "wsl2": "microsoft" in platform.release().casefold(),
    }


def measured_elsewhere(*, commit: str | None, dirty: bool | None, model_hash: str | None) -> JSONObject:
    """Provenance of an imported report: what it says, and null for what it does not."""
    return {
        "schema_version": SCHEMA_VERSION,
        "git_commit": commit,
        "git_dirty": dirty,
        "model_hash": model_hash,
        "cli_args": None,
        "platform": None,
        "wsl2": None,
    }
