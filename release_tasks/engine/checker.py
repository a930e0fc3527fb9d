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
        self._same: bool | None = None  # whether doit works in the project's folder

    def _digest(self, file_path: str) -> str | None:
        workspace = self._workspace()
        if self._same is None:
            self._same = os.sep == "/" and self._base == str(workspace.root)
        relative = file_path
        if not self._same or file_path.startswith("/"):
            absolute = os.path.join(self._base, file_path)  # noqa: PTH118
            relative = os.path.relpath(absolute, workspace.root).replace(os.sep, "/")
        digest = workspace.index.sha256(relative)
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
