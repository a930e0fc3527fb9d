"""Run one step of a rebuild under variation: the user's command, or our own code in a process of its own."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import release_tasks
from release_tasks.errors import CommandFailed, FormatError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.records.rebuild import Variations
from release_tasks.records.step import RECORDS, Step
from release_tasks.records.variation import DEFAULT, ordered
from release_tasks.stages.execution import run_step
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_object
from release_tasks.stages.workspace import Workspace
from release_tasks.system.environment import child_environment
from release_tasks.system.process import run_child
from release_tasks.system.variation import Variation, unavailable
from release_tasks.system.varied import vary
from release_tasks.system.wrapping import inner_words

# What needs a sandbox or a namespace around the whole command: our own code runs in none.
_OF_SANDBOX = frozenset({"user", "hostname", "directory-order"})
_WHY_OWN = "a step of release_tasks itself, which runs in no sandbox"


@frozen
class Ran:
    """How a step ran: its variations, and the status of the numeric profile inside its command."""

    variations: Variations
    numeric: str | None = None


def run_again(step: Step, plan: Plan, workspace: Workspace, variation: Variation, *, place: Path) -> Ran:
    """Run a step of a rebuild under what is to be varied.

    Raises as `stages.execution.run_step`; CommandFailed when a step of our own fails in its process.
    """
    if not step.user:
        left_out = ordered(DEFAULT - variation.names)
        applied, refused = _run_own(step, plan, workspace, variation, place=place)
        varied = Variations(applied=applied, not_applied=refused, left_out=left_out, round=variation.round)
        return Ran(variations=varied)
    run_step(step, plan, Workspace(workspace.release, variation=variation), _silent)
    workspace.index.forget()
    record = read_object(workspace.root / RECORDS / f"step-{step.subject}.json", where=step.name)
    return Ran(variations=_recorded(record, variation, step.name), numeric=_numeric(record, step.name))


def _recorded(record: JSONObject, variation: Variation, where: str) -> Variations:
    match record.get("varied", []), record.get("not_varied", {}):
        case list() as applied, dict() as refused:
            return Variations(
                applied=tuple(map(str, applied)),
                not_applied=tuple((name, str(why)) for name, why in refused.items()),
                left_out=ordered(DEFAULT - variation.names),
                round=variation.round,
            )
        case _:
            raise FormatError("the record of a step is damaged", where=where)


def _numeric(record: JSONObject, where: str) -> str:
    numeric = record["numeric"]
    if not isinstance(numeric, dict):
        raise FormatError("the record of a step is damaged", where=where)
    return str(numeric["status"])


def _run_own(
    step: Step, plan: Plan, workspace: Workspace, variation: Variation, *, place: Path
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Run a step of our own in a process with other surroundings; returns what was varied, and what not."""
    refused = dict(unavailable(variation.names - _OF_SANDBOX, boxed=False))
    refused |= dict.fromkeys(variation.names & _OF_SANDBOX, _WHY_OWN)
    applied = ordered(variation.names - refused.keys())
    surroundings = vary(applied, variation.round)
    order, log = place / "own-step.pickle", place / "own-step.log"
    order.write_bytes(pickle.dumps((step, plan, workspace.release)))
    log.unlink(missing_ok=True)
    temporary = place / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = child_environment(
        profile="none",
        seed=None,
        pass_=(),
        surrounding={**os.environ, **dict(surroundings.ambient)},
        home=str(place / "home") if "home" in applied else str(Path.home()),
        temporary=str(temporary),
        folder=str(workspace.root),
        probe=str(Path(release_tasks.__file__).parents[1]),  # where our package is found: no probe is needed
        report=os.devnull,
        surroundings=surroundings,
    )
    ended = run_child(
        [
            *inner_words(surroundings),
            sys.executable,
            "-P",
            "-m",
            "release_tasks.verbs.rebuild_own",
            str(order),
        ],
        cwd=workspace.root,
        env=environment,
        log=log,
        umask=surroundings.umask,
    )
    workspace.index.forget()
    if ended.code != 0:
        said = log.read_text("utf-8", "replace").strip()
        raise CommandFailed(f"{step.name} {ended.describe()}", found=said[-2000:] or "no output")
    return applied, tuple(sorted(refused.items()))


def _silent(_text: str) -> None:
    """Nobody watches a step of a rebuild."""
