"""After a refusal: the last accepted candidate of this version is moved aside, never a sealed release."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.stages.page import page_path
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.disk import remove_tree
from release_tasks.system.seal import is_sealed, seal_in_doubt


def bundle_paths(plan: Plan) -> tuple[str, ...]:
    """Every bundle of the release and its checksum, relative to the project, whichever are configured now."""
    names = (f"{plan.bundle_stem}.{kind}" for kind in ("tar", "zip"))
    return tuple(f"{plan.home}/{name}{suffix}" for name in names for suffix in ("", ".sha256"))


def retire_candidate(plan: Plan, workspace: Workspace) -> Path | None:
    """Move `release/<version>` to `release/.rejected/`, delete its bundles and page; return where it went.

    A sealed release is left as it is: it was accepted once and stays true. So is one that may be sealed.
    """
    root = workspace.root
    tag = plan.release.version.tag_name(plan.release.name)
    if is_sealed(root, tag, root / plan.attestations) or seal_in_doubt(root, tag):
        return None
    remove_tree(root / plan.staging)
    for path in (*bundle_paths(plan), page_path(plan)):
        (root / path).unlink(missing_ok=True)
    folder = root / plan.folder
    if not folder.exists():
        return None
    rejected = root / plan.home / ".rejected" / plan.release.version.text
    remove_tree(rejected)
    rejected.parent.mkdir(parents=True, exist_ok=True)
    os.replace(folder, rejected)  # noqa: PTH105 - a directory, moved whole
    remove_tree(root / plan.attestations)
    return rejected
