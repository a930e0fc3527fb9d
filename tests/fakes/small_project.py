"""A project whose files are there already, so that stages can be called one by one, without doit."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from release_tasks.catalog import plan_steps
from release_tasks.config.load import load_release
from release_tasks.records.step import Step
from release_tasks.records.verdict import Mode
from release_tasks.stages.execution import Context
from release_tasks.stages.plan import Plan, make_plan
from release_tasks.stages.workspace import Workspace
from release_tasks.verbs.freeze import write_lock
from tests.fakes.release_tree import CONFIG, WEIGHTS

TOML = """schema = 1
[release]
name = "tiny"
version = "1.0.0"
{release}
[artifacts]
model = "model.safetensors"
tokenizer = "tokenizer.json"
config = "config.json"
{artifacts}
{more}
"""
FILES: Mapping[str, bytes] = {
    "model.safetensors": WEIGHTS,
    "tokenizer.json": b'{"version": "1.0", "model": {"vocab": {"a": 0}}}\n',
    "config.json": CONFIG,
}


def silent(_text: str) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class SmallProject:
    """Plan and workspace of a folder; `again` opens it as the next process would."""

    plan: Plan
    workspace: Workspace

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.workspace.root

    def write(self, path: str, data: bytes) -> Path:
        """Write one file of the project."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    def again(self, **mode: bool) -> SmallProject:
        """Open the project anew, asked for in another mode."""
        release = load_release(self.plan.release.file, environ=dict(os.environ))
        return SmallProject(make_plan(release, Mode(**mode), self.plan.policy), Workspace(release))

    def context(self, step: Step, facts: Mapping[str, str] | None = None) -> Context:
        """What an action of the step is given."""
        found = {**dict(self.workspace.facts(step, {})), **(facts or {})}
        return Context(plan=self.plan, step=step, workspace=self.workspace, facts=found, report=silent)

    def step(self, name: str) -> Step:
        """One step of the plan."""
        return next(step for step in plan_steps(self.plan) if step.name == name)

    def run(self, name: str, action: Callable[[Context], Any], facts: Mapping[str, str] | None = None) -> Any:
        """Call the action of one planned step."""
        return action(self.context(self.step(name), facts))

    def run_up_to(self, last: str) -> SmallProject:
        """Freeze, then run every planned step up to one, that one too, in catalog order."""
        write_lock(self.plan, self.workspace, update=True)
        for step in plan_steps(self.plan):
            self.workspace.index.forget()
            module, _, function = step.run.partition(":")
            getattr(importlib.import_module(module), function)(self.context(step))
            if step.name == last:
                break
        self.workspace.index.forget()
        return self


def small_project(
    root: Path,
    *,
    release: str = "",
    artifacts: str = "",
    more: str = "",
    files: Mapping[str, bytes] | None = None,
    policy: str | None = None,
) -> SmallProject:
    """Write a project with sound artifacts and further lines of configuration, and open it."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "release.toml").write_text(TOML.format(release=release, artifacts=artifacts, more=more))
    for path, data in {**FILES, **(files or {})}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    loaded = load_release(root / "release.toml", environ={})
    return SmallProject(make_plan(loaded, Mode(), policy), Workspace(loaded))


def with_release(plan: Plan, **changed: Any) -> Plan:
    """Copy a plan with other fields of its release."""
    return replace(plan, release=replace(plan.release, **changed))
