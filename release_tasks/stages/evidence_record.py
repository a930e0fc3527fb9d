"""Evidence of one step, bound to everything that the step read."""

from __future__ import annotations

from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import Evidence, evidence_path, kind_of
from release_tasks.records.json_value import JSONObject
from release_tasks.records.step import Step
from release_tasks.stages.execution import Context
from release_tasks.stages.records_io import write_evidence
from release_tasks.stages.workspace import Workspace


def step_subjects(workspace: Workspace, step: Step) -> tuple[tuple[str, Digest], ...]:
    """Every read of a step with its digest now, sorted; a set of globs counts as one, under its patterns.

    Raises MissingInputError, and ConfigError for an empty glob.
    """
    return tuple(sorted((item.name, sha256(item.digest)) for item in workspace.inputs(step)))


def write_measurement(context: Context, name: str, data: JSONObject) -> None:
    """Write the record of a name, speaking of all that the step reads."""
    subjects = step_subjects(context.workspace, context.step)
    evidence = Evidence(kind=kind_of(name), subjects=subjects, data=data)
    write_evidence(context.workspace, evidence_path(name), evidence)
