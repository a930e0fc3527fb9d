"""Why a step would run, told from what the state keeps of its last run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from release_tasks.records.step import Step, Tree, Write
from release_tasks.stages.execution import SAVED, Outcome
from release_tasks.stages.workspace import Workspace
from release_tasks.system.state import StateDatabase
from release_tasks.verbs.standing import STATE_FILE, Due, due_steps
from tests.fakes.small_project import SmallProject, small_project

ONE = Step(verb="one", run="a:b", doc="x", reads=("in.txt",), writes=(Write("out.txt"),))
TWO = Step(verb="two", run="a:b", doc="x", reads=("out.txt",), after=("one",))


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    found = small_project(tmp_path / "project")
    found.write("in.txt", b"in")
    found.write("out.txt", b"out")
    return found


def save(project: SmallProject, *steps: Step) -> None:
    """Write what doit keeps of steps that ran with everything as it is now."""
    workspace = project.again().workspace
    database = StateDatabase(project.root / STATE_FILE)
    for step in steps:
        digests = {item.name: item.digest for item in workspace.inputs(step)}
        outputs = {write.path: str(_hex(workspace, write.path)) for write in step.writes}
        outcome = Outcome(key=workspace.key(step, ()), outputs=outputs, inputs=digests)
        database.put([(f"task/{step.name}", json.dumps({"_values_:": {SAVED: outcome.to_json()}}))])
    database.close()


def _hex(workspace: Workspace, path: str) -> str:
    digest = workspace.index.sha256(path)
    assert digest is not None
    return digest.hex


def due(project: SmallProject) -> tuple[Due, ...]:
    return due_steps((ONE, TWO), project.again().workspace)


def test_without_state_everything_would_run(project: SmallProject) -> None:
    assert [item.why for item in due(project)] == [("it never ran",), ("it never ran",)]
    save(project, ONE)
    assert due(project) == (Due(step="two", why=("it never ran, or failed",)),)


def test_what_stands_is_not_told(project: SmallProject) -> None:
    save(project, ONE, TWO)
    assert due(project) == ()


def test_a_changed_read_is_named_and_what_waits_for_it_says_so(project: SmallProject) -> None:
    save(project, ONE, TWO)
    project.write("in.txt", b"other")
    assert due(project) == (
        Due(step="one", why=("in.txt changed",)),
        Due(step="two", why=(), after=("one",)),
    )
    (project.root / "in.txt").unlink()
    assert due(project)[0].why == ("in.txt is missing",)


def test_an_output_that_was_changed_or_is_gone_is_named(project: SmallProject) -> None:
    save(project, ONE, TWO)
    project.write("out.txt", b"by hand")
    assert due(project) == (
        Due(step="one", why=("its output out.txt was changed",)),
        Due(step="two", why=("out.txt changed",), after=("one",)),
    )
    (project.root / "out.txt").unlink()
    assert due(project)[0].why == ("its output out.txt is gone",)


def test_a_row_that_is_not_what_we_write_counts_as_none(project: SmallProject) -> None:
    save(project, ONE, TWO)
    database = StateDatabase(project.root / STATE_FILE)
    database.put([("task/one", "{"), ("task/two", '{"_values_:": []}')])
    database.close()
    assert [item.why for item in due(project)] == [("it never ran, or failed",)] * 2


def test_a_folder_that_never_was_is_not_there(project: SmallProject) -> None:
    tree = Tree(("data/**", "data/**/.*", "data/**/.*/**"), optional=True)
    project.write("data/a.txt", b"a")
    step = Step(verb="three", run="a:b", doc="x", reads=("in.txt", tree), writes=(), folder="release/2.0.0")
    save(project, step)
    (found,) = due_steps((step,), project.again().workspace)
    assert found.why == ("release/2.0.0 is not there",)
    project.write("release/2.0.0/a.txt", b"a")
    project.write("data/a.txt", b"b")
    (found,) = due_steps((step,), project.again().workspace)
    assert found.why == ("data/** changed", "release/2.0.0 was changed")
