"""doit's check of a file dependency by content, through the digest index that all tasks share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from doit.dependency import FileChangedChecker

from release_tasks.stages.workspace import Workspace


class ContentChecker(FileChangedChecker):  # type: ignore[misc]
    """A dependency has changed when its SHA-256 has; a missing one has changed, and its task says so."""

    CheckerError = OSError

    def __init__(self, workspace: Callable[[], Workspace], base: str) -> None:
        self._workspace = workspace  # asked for at the first file: doit makes checkers before it loads tasks
        self._base = base

    def _digest(self, file_path: str) -> str | None:
        workspace = self._workspace()
        root = str(workspace.root)
        relative = os.path.relpath(os.path.join(self._base, file_path), root)  # noqa: PTH118
        digest = workspace.index.sha256(relative.replace(os.sep, "/"))
        return None if digest is None else digest.hex

    def info(self, file_path: str) -> str:
        """Stand in for doit's stat: the path itself, so that a missing file is no error of doit's."""
        return file_path

    def check_modified(self, file_path: str, file_stat: Any, state: Any) -> bool:
        """Compare the digest now with the saved one."""
        del file_stat
        return bool(self._digest(file_path) != state)

    def get_state(self, dep: str, current_state: Any) -> str | None:
        """Return the digest to save, or None when it is the saved one."""
        digest = self._digest(dep)
        if digest is None:
            raise FileNotFoundError(2, "No such file", dep)
        return None if digest == current_state else digest
