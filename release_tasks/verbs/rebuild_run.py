"""Run one step of a rebuild: the user's command in its sandbox, our own code in a process of its own."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.rebuild import Variations
from release_tasks.records.step import RECORDS, Step
from release_tasks.stages.execution import run_step
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_object
from release_tasks.stages.workspace import Workspace


@frozen
class Ran:
    """How a step ran: its variations, and the status of the numeric profile inside its command."""

    variations: Variations
    numeric: str | None = None


def run_again(step: Step, plan: Plan, workspace: Workspace, variation: frozenset[str], *, place: Path) -> Ran:
    """Run a step of a rebuild under what is to be varied; raises as `stages.execution.run_step`."""
    run_step(step, plan, workspace, _silent)
    if step.verb != "step":
        return Ran(variations=Variations())
    record = read_object(workspace.root / RECORDS / f"step-{step.subject}.json", where=step.name)
    numeric = record["numeric"]
    if not isinstance(numeric, dict):
        raise FormatError("the record of a step is damaged", where=step.name)
    return Ran(variations=Variations(), numeric=str(numeric["status"]))


def _silent(_text: str) -> None:
    """Nobody watches a step of a rebuild."""
