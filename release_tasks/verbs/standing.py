"""Which steps would run now, and why: the check of every run, without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from release_tasks.errors import ReleaseError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import Step
from release_tasks.stages.execution import SAVED, Outcome, folder_tree, outcome_from_json, still_stands
from release_tasks.stages.workspace import STATE, MissingInputError, Workspace
from release_tasks.system.state import StateDatabase

STATE_FILE = f"{STATE}/state.sqlite"
_VALUES = "_values_:"  # where doit keeps the values of a task (Dependency.save_success, doit 0.37)


_LONGEST = 30


@frozen
class Due:
    """A step that would run, and why: in words that name what changed.

    `after` are due steps that it waits for: when none of them makes other bytes, it does not run.
    """

    step: str
    why: tuple[str, ...]
    after: tuple[str, ...] = ()

    def to_json(self) -> JSONObject:
        """Write it as plain JSON."""
        return {"step": self.step, "why": list[JSON](self.why), "after": list[JSON](self.after)}


def due_steps(steps: Sequence[Step], workspace: Workspace) -> tuple[Due, ...]:
    """Every step that would run or may have to, in order; steps that stand are left out."""
    if not (workspace.root / STATE_FILE).is_file():
        return tuple(Due(step=step.name, why=("it never ran",)) for step in steps)
    database = StateDatabase(workspace.root / STATE_FILE)
    try:
        saved = {step.name: _saved(database, step.name) for step in steps}
    finally:
        database.close()
    due: dict[str, Due] = {}
    for step in steps:
        after = tuple(name for name in step.after if name in due)
        outcome = saved[step.name]
        if outcome is None:
            due[step.name] = Due(step=step.name, why=("it never ran, or failed",), after=after)
        elif not still_stands(step, workspace, outcome):
            due[step.name] = Due(step=step.name, why=tuple(_why(step, workspace, outcome)), after=after)
        elif after:
            due[step.name] = Due(step=step.name, why=(), after=after)
    return tuple(due.values())


def _saved(database: StateDatabase, name: str) -> Outcome | None:
    try:
        row = json.loads(database.get(f"task/{name}") or "null")
    except ValueError:
        return None
    values = row.get(_VALUES) if isinstance(row, dict) else None
    return outcome_from_json(values.get(SAVED)) if isinstance(values, dict) else None


def _why(step: Step, workspace: Workspace, saved: Outcome) -> Iterator[str]:
    """What is not as it was; when all that is named is the same, its declaration or the toolchain differs."""
    found = False
    for reason in (*_inputs(step, workspace, saved), *_outputs(step, workspace, saved)):
        found = True
        yield reason
    if not found:
        yield "its declaration, the toolchain or release_tasks itself changed"


def _inputs(step: Step, workspace: Workspace, saved: Outcome) -> Iterator[str]:
    try:
        now = {item.name: item.digest for item in workspace.inputs(step)}
        facts = dict(workspace.facts(step, saved.facts, remembered=True))
    except MissingInputError as error:
        yield f"{error.path} is missing"
        return
    except (ReleaseError, OSError) as error:
        yield str(error).partition("\n")[0]
        return
    if saved.inputs:
        for name in sorted(now.keys() | saved.inputs.keys()):
            before, after = saved.inputs.get(name), now.get(name)
            if before != after:
                word = "is read now" if before is None else "is not read any more" if after is None else None
                yield f"{_patterns(name)} {word or 'changed'}"
    for name in sorted(facts.keys() | saved.facts.keys()):
        if facts.get(name) != saved.facts.get(name):
            was, became = (_short(str(side.get(name, "nothing"))) for side in (saved.facts, facts))
            yield f"{name} changed" if was == became else f"{name}: {was} became {became}"


def _short(fact: str) -> str:
    """A fact in few characters: of ids and digests the first twelve."""
    return " ".join(word if len(word) <= _LONGEST else word[:12] for word in fact.split(" "))


def _patterns(name: str) -> str:
    """A read for people: globs with commas, without those for hidden files below one that is named."""
    globs = name.split("|")
    return ", ".join(glob for glob in globs if not glob.endswith(("/**/.*", "/**/.*/**"))) or name


def _outputs(step: Step, workspace: Workspace, saved: Outcome) -> Iterator[str]:
    for path, digits in sorted(saved.outputs.items()):
        digest = workspace.index.sha256(path)
        if digest is None:
            yield f"its output {path} is gone"
        elif digest.hex != digits:
            yield f"its output {path} was changed"
    if step.folder is not None:
        if not (workspace.root / step.folder).exists():
            yield f"{step.folder} is not there"
            return
        try:
            same = workspace.index.tree(folder_tree(step.folder)).digest.hex == saved.folder
        except (ReleaseError, OSError):
            same = False
        if not same:
            yield f"{step.folder} was changed"
