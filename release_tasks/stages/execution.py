"""Run one step: key before, action, key after, digests of what it made; and tell whether that still stands.

The engine calls this from a doit task, and whoever rebuilds a release calls it without doit.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import field

from release_tasks.errors import CommandFailed, ConfigError, IntegrityError, ReleaseError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import Step, Tree
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import MissingInputError, Workspace

Report = Callable[[str], None]
SAVED = "release_tasks"  # under which name doit keeps the outcome among the values of a task


@frozen
class Context:
    """What an action is given: the plan, its step, the project, facts by name, and a place for progress."""

    plan: Plan
    step: Step
    workspace: Workspace
    facts: Mapping[str, str]
    report: Report

    def argument(self, name: str) -> object:
        """One of the step's arguments; KeyError is a bug of the stage."""
        return dict(self.step.args)[name]


@frozen
class Outcome:
    """What a finished step left behind, as it is kept in state: plain JSON types only.

    `inputs` are the digests of its reads; no check rests on them, they tell people what has changed since.
    """

    key: str
    facts: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    folder: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> JSONObject:
        """Write the outcome as plain JSON."""
        return {
            "key": self.key,
            "facts": dict[str, JSON](self.facts),
            "outputs": dict[str, JSON](self.outputs),
            "folder": self.folder,
            "inputs": dict[str, JSON](self.inputs),
        }


def outcome_from_json(saved: object) -> Outcome | None:
    """Read a saved outcome; None for anything else, which then counts as nothing saved."""
    match saved:
        case {
            "key": str() as key,
            "facts": dict() as facts,
            "outputs": dict() as outputs,
            "folder": None | str() as folder,
            **rest,
        }:
            inputs = rest.get("inputs")
            return Outcome(
                key=key,
                facts=facts,
                outputs=outputs,
                folder=folder,
                inputs=inputs if isinstance(inputs, dict) else {},
            )
        case _:
            return None


def folder_tree(folder: str) -> Tree:
    """Every file below a directory, the hidden ones as well."""
    return Tree((f"{folder}/**", f"{folder}/**/.*", f"{folder}/**/.*/**"), optional=True)


def _resolve(name: str) -> Callable[[Context], str | None]:
    module, _, function = name.partition(":")
    action: Callable[[Context], str | None] = getattr(importlib.import_module(module), function)
    return action


def _key(step: Step, workspace: Workspace, facts: tuple[tuple[str, str], ...]) -> str:
    try:
        return workspace.key(step, facts)
    except MissingInputError as error:
        raise ConfigError(
            f"{step.name} reads a file that does not exist",
            wanted=error.path,
            found="no such file",
            where=str(workspace.index.locate(error.path)),
            hint="correct the path in release.toml, or declare the step that writes it",
        ) from None


def run_step(step: Step, plan: Plan, workspace: Workspace, report: Report) -> Outcome:
    """Run a step to its end and return what state keeps of it.

    Raises ConfigError for a read that is not there, IntegrityError when an input changed while the step ran
    (its result is then not recorded), CommandFailed when a declared output is missing, and whatever the
    action raises.
    """
    facts = workspace.facts(step, {})
    before = _key(step, workspace, facts)
    action = _resolve(step.run)
    context = Context(plan=plan, step=step, workspace=workspace, facts=dict(facts), report=report)
    folder = action(context)
    workspace.index.forget()
    if _key(step, workspace, facts) != before:
        raise IntegrityError(
            f"an input of {step.name} changed while it ran",
            wanted="inputs that stay as they are",
            found=", ".join(
                read if isinstance(read, str) else "|".join(read.patterns) for read in step.reads
            ),
            hint="its result is not recorded; run again when nobody edits these files",
        )
    outputs = {}
    for write in step.writes:
        digest = workspace.index.sha256(write.path)
        if digest is None:
            raise CommandFailed(
                f"{step.name} did not write {write.path}", wanted="every declared output", where=write.path
            )
        outputs[write.path] = digest.hex
    inputs = {item.name: item.digest for item in workspace.inputs(step)}
    return Outcome(key=before, facts=dict(facts), outputs=outputs, folder=folder, inputs=inputs)


def still_stands(step: Step, workspace: Workspace, saved: Outcome) -> bool:
    """Tell whether a step's saved outcome holds: same key, and every output has the bytes that it had.

    Whatever cannot be looked at does not stand; running the step then says what is wrong.
    """
    try:
        return _stands(step, workspace, saved)
    except (MissingInputError, ReleaseError, OSError):
        return False


def _stands(step: Step, workspace: Workspace, saved: Outcome) -> bool:
    facts = workspace.facts(step, saved.facts, remembered=True)
    if workspace.key(step, facts, remembered=True) != saved.key:
        return False
    if set(saved.outputs) != {write.path for write in step.writes}:
        return False
    for path, hex_digits in saved.outputs.items():
        digest = workspace.index.sha256(path)
        if digest is None or digest.hex != hex_digits:
            return False
    if step.folder is None:
        return True
    return workspace.index.tree(folder_tree(step.folder)).digest.hex == saved.folder
