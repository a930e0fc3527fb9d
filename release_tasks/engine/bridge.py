"""A Step becomes a doit task: edges, an action that can be pickled, a check of whether it still stands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doit.exceptions import TaskError, TaskFailed

from release_tasks.errors import ReleaseError
from release_tasks.records.frozen_record import frozen_positional
from release_tasks.records.step import Step
from release_tasks.stages.execution import SAVED, outcome_from_json, run_step, still_stands
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import STATE, Workspace
from release_tasks.system.lock import FileLock
from release_tasks.system.parent import die_with_parent
from release_tasks.system.storage import storage_error


class StepFailed(TaskFailed):  # type: ignore[misc]
    """A user's problem, as doit's failure: the message is complete, and there is no traceback."""

    def __init__(self, error: ReleaseError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code

    def get_msg(self) -> str:
        """Return the message alone."""
        return str(self.message)


class StepBroke(TaskError, StepFailed):  # type: ignore[misc]
    """The same for what broke while running: doit then ends with 2."""


def progress_path(root: Path, name: str) -> Path:
    """Where a running step says how far it is, for the live display of another process."""
    return root / STATE / "progress" / name.replace(":", ".")


def _at_work(root: Path, *, alone: bool) -> FileLock:
    """The lock that steps share; one that must run alone takes it for itself (design §4)."""
    return FileLock(root / STATE / "alone.lock", shared=not alone)


@frozen_positional
class Progress:
    """Writes a step's last word to its progress file, which costs one small write for each report."""

    path: Path

    def __call__(self, text: str) -> None:
        """Replace the last word; a display that reads a torn line shows it for a tenth of a second."""
        self.path.write_text(text[:200], "utf-8")


@frozen_positional
class Action:
    """What doit calls; under `-n` it is pickled and runs in another process."""

    step: Step
    plan: Plan
    workspace: Workspace

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle so that a worker process, which unpickles every task at its start, ends with its parent."""
        return (_action_of_worker, (self.step, self.plan, self.workspace))

    def __call__(self) -> dict[str, Any] | StepFailed:
        """Run the step; the one boundary where a ReleaseError becomes doit's failure."""
        progress = progress_path(self.workspace.root, self.step.name)
        try:
            progress.parent.mkdir(parents=True, exist_ok=True)
            with _at_work(self.workspace.root, alone=self.step.alone):
                outcome = run_step(self.step, self.plan, self.workspace, Progress(progress))
        except ReleaseError as error:
            return _failure(error)
        except OSError as error:
            return _failure(storage_error(error, error.filename or self.workspace.root))
        finally:
            progress.unlink(missing_ok=True)
        return {SAVED: outcome.to_json()}


def _action_of_worker(step: Step, plan: Plan, workspace: Workspace) -> Action:
    die_with_parent()
    return Action(step, plan, workspace)


def _failure(error: ReleaseError) -> StepFailed:
    return StepFailed(error) if error.exit_code == 1 else StepBroke(error)


@dataclass(frozen=True, slots=True, repr=False)
class StillStands:
    """doit's `uptodate` check: the action key, and every output by digest.

    It compares with what the last run saved, so `doit reset-dep`, which saves dependencies anew but keeps
    values, cannot make a stale step look fresh.
    """

    step: Step
    workspace: Workspace

    def __repr__(self) -> str:
        """What `doit info` shows of a step that does not stand any more."""
        return f"{self.step.name}: its inputs, toolchain or outputs are not those of its last run"

    def __call__(self, task: object, values: dict[str, Any]) -> bool:
        """Compare now with what was saved when the task last ran."""
        del task
        saved = outcome_from_json(values.get(SAVED))
        if saved is None:
            return False
        if not self.workspace.release.benchmarks:
            return still_stands(self.step, self.workspace, saved)
        # Under `-n` this process looks at files while another may be measuring: hashing waits too.
        with _at_work(self.workspace.root, alone=False):
            return still_stands(self.step, self.workspace, saved)


def _doit_path(workspace: Workspace, path: str, base: str) -> str:
    located = workspace.index.place(path)
    if located == f"{base}{os.sep}{path}":  # nearly all, hundreds of them on every run
        return path
    relative = os.path.relpath(located, base)
    return located if relative.startswith("..") else relative


def make_task(
    step: Step, plan: Plan, workspace: Workspace, *, base: str, known: Callable[[str], bool]
) -> dict[str, Any]:
    """Describe a step to doit; `base` is the folder that doit works in, `known` tells which tasks exist."""
    return {
        "basename": step.verb,
        **({"name": step.subject} if step.subject else {}),
        "actions": [Action(step, plan, workspace)],
        "uptodate": [StillStands(step, workspace)],
        "file_dep": [_doit_path(workspace, path, base) for path in step.files],
        "targets": [_doit_path(workspace, write.path, base) for write in step.writes],
        "task_dep": [name for name in step.after if known(name)],
        "doc": step.doc,
        "verbosity": 2,
        "io": {"capture": False},
        "meta": {"step": json.dumps({"name": step.name, "alone": step.alone})},
    }
