"""`release_tasks.Project`: what a dodo.py names, and what every command of ours plans with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidDodoFile

from release_tasks.catalog import GROUPS, plan_steps
from release_tasks.config.load import find_config, find_policy, load_release
from release_tasks.config.schema import Release
from release_tasks.engine.bridge import make_task
from release_tasks.engine.checker import ContentChecker
from release_tasks.errors import ConfigError, ReleaseError
from release_tasks.records.step import Step
from release_tasks.records.verdict import Mode
from release_tasks.stages.plan import Plan, make_plan
from release_tasks.stages.workspace import STATE, Workspace

STATE_FILE = f"{STATE}/state.sqlite"


class Project:
    """A `release.toml` and the tasks that it stands for; doit finds them through `create_doit_tasks`.

    `ask` changes how the next plan is asked for; a command calls it before doit loads the tasks. Errors of
    the configuration reach doit as InvalidDodoFile, which it prints without a traceback.
    """

    def __init__(self, config: str | None = None) -> None:
        self._config = None if config is None else Path(config)
        self._mode = Mode()
        self._policy: Path | None = None
        self._profile: str | None = None
        self._planned: tuple[Plan, tuple[Step, ...]] | None = None  # asked for by the command and by doit

    def ask(
        self, *, config: str | None = None, mode: Mode, policy: str | None, profile: str | None = None
    ) -> None:
        """Say how the graph is asked for: configuration, mode of the run, policy and profile."""
        if config is not None:
            self._config = Path(config)
        self._mode = mode
        self._policy = None if policy is None else Path(os.path.abspath(policy))  # noqa: PTH100 - no `..`
        self._profile = profile

    @cached_property
    def release(self) -> Release:
        """The parsed configuration; raises ConfigError with every problem in it."""
        environ = dict(os.environ)
        file = find_config(Path.cwd(), self._config, environ)
        return load_release(file, environ=environ)

    @cached_property
    def workspace(self) -> Workspace:
        """The project as this process sees it."""
        return Workspace(self.release)

    @property
    def plan(self) -> Plan:
        """The release with the mode, the policy and the profile in force."""
        other = self._profile is not None and self._profile != self.release.profile
        mode = replace(self._mode, profile_override=other)
        return make_plan(self.release, mode, self._policy_path(), profile=self._profile)

    def _policy_path(self) -> str | None:
        path = find_policy(self.release, self._policy)
        if path is None:
            return None
        try:
            return path.relative_to(self.release.root).as_posix()
        except ValueError:
            raise ConfigError(
                "the policy lies outside the project",
                wanted=f"a file below {self.release.root}",
                found=str(path),
                hint="copy it into the project",
            ) from None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of the plan, in catalog order."""
        plan = self.plan
        if self._planned is None or self._planned[0] != plan:
            self._planned = plan, plan_steps(plan)
        return self._planned[1]

    @property
    def doit_config(self) -> dict[str, Any]:
        """What a dodo.py assigns to DOIT_CONFIG: our checker, state and default task."""
        return {
            "check_file_uptodate": self._checker,
            "dep_file": STATE_FILE,
            "backend": "release_tasks",
        }

    def _checker(self) -> ContentChecker:
        return ContentChecker(lambda: self.workspace, str(Path.cwd()))

    def create_doit_tasks(self) -> Iterator[dict[str, Any]]:
        """Yield the tasks of the release in catalog order (doit calls this)."""
        try:
            plan = self.plan
            steps = self.steps
            names = {step.name for step in steps}
            base = str(Path.cwd())
            for verb in sorted({step.verb for step in steps if step.subject}):
                yield {"basename": verb, "name": None, "doc": GROUPS[verb]}
            for step in steps:
                yield make_task(step, plan, self.workspace, base=base, known=names.__contains__)
        except ReleaseError as error:
            raise InvalidDodoFile(str(error)) from None
