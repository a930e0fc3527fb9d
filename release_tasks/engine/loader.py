"""Tasks without a dodo.py: a loader that plans straight from `release.toml`."""

from __future__ import annotations

from typing import Any

from doit.cmd_base import TaskLoader2
from doit.loader import generate_tasks

from release_tasks.engine.project import Project


class ProjectLoader(TaskLoader2):  # type: ignore[misc]
    """doit's loader interface over one Project; it imports nothing from the current folder."""

    def __init__(self) -> None:
        super().__init__()
        self.project = Project()
        self.namespace = {"project": self.project}

    def setup(self, opt_values: Any) -> None:
        """Nothing to load before the options are known."""

    def load_doit_config(self) -> dict[str, Any]:
        """The settings that a dodo.py would assign to DOIT_CONFIG."""
        return self.project.doit_config

    def load_tasks(self, cmd: Any, pos_args: Any) -> list[Any]:
        """Every task of the release."""
        del cmd, pos_args
        return list(generate_tasks("release_tasks", self.project.create_doit_tasks()))
