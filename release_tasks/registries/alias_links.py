"""Aliases in a folder: relative links to what lies beside them, replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.errors import IntegrityError
from release_tasks.records.paths import safe_relpath
from release_tasks.system.disk import fsync_dir, write_atomic
from release_tasks.system.storage import storage_errors

_MAX_NAME = 200


def read_link(folder: Path, alias: str) -> str | None:
    """The name that an alias leads to, None where it is not there.

    Where links cannot be made the alias is a text file with that name. Raises IntegrityError for anything
    else.
    """
    path = folder / alias
    with storage_errors(path):
        if path.is_symlink():
            text = os.readlink(path)  # noqa: PTH115 - text, not a path to follow
        elif path.is_file():
            text = path.read_bytes()[: _MAX_NAME + 1].decode("utf-8", "replace").removesuffix("\n")
        elif path.exists():
            text = ""
        else:
            return None
    if not text or "/" in text or len(text) > _MAX_NAME or text in {".", ".."}:
        raise IntegrityError(
            f"the alias {alias} is not one that release_tasks makes",
            wanted="a relative link to a version beside it",
            found=ascii(text)[:100] if text else "a folder, or an empty file",
            where=str(path),
            hint="look at it and move it away",
        )
    return text


def write_link(folder: Path, alias: str, version: str) -> None:
    """Let an alias lead to a version beside it: before and after, never between, for whoever looks."""
    path = folder / alias
    temporary = folder / f".{alias}.link"
    with storage_errors(path):
        temporary.unlink(missing_ok=True)
        try:
            temporary.symlink_to(safe_relpath(version), target_is_directory=True)
        except OSError:  # no right to make links (Windows), or a file system without them
            write_atomic(path, f"{version}\n".encode())
            return
        os.replace(temporary, path)  # noqa: PTH105 - atomic on every system
    fsync_dir(folder)
