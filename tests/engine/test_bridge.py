from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from doit.exceptions import TaskError, TaskFailed
from doit.task import dict_to_task

from release_tasks.engine.bridge import (
    Action,
    Progress,
    StepBroke,
    StepFailed,
    StillStands,
    make_task,
)
from release_tasks.errors import CommandFailed, ConfigError, GateRefused, StorageError
from release_tasks.records.step import Step, Write
from release_tasks.stages.execution import Context, Outcome, outcome_from_json, still_stands
from release_tasks.system.lock import FileLock
from tests.fakes.small_project import SmallProject, small_project

STEP = Step(
    verb="act",
    subject="one",
    run="bridge_actions:act",
    doc="Act.",
    reads=("in.txt",),
    writes=(Write("out/made"),),
)


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return small_project(tmp_path, files={"in.txt": b"in"})


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Context], Any]], None]:
    def use(action: Callable[[Context], Any]) -> None:
        monkeypatch.setitem(sys.modules, "bridge_actions", SimpleNamespace(act=action))

    use(make)
    return use


def make(context: Context) -> None:
    target = context.workspace.root / "out/made"
    target.parent.mkdir(exist_ok=True)
    target.write_text("made")
    context.report("half way")


def action(project: SmallProject) -> Action:
    return Action(STEP, project.plan, project.workspace)


@pytest.mark.usefixtures("act")
def test_what_an_action_saves_lets_the_step_stand(project: SmallProject) -> None:
    saved = action(project)()
    assert isinstance(saved, dict)
    assert json.loads(json.dumps(saved)) == saved
    stands = StillStands(STEP, project.again().workspace)
    assert stands(None, saved)
    project.write("in.txt", b"other")
    assert not StillStands(STEP, project.again().workspace)(None, saved)
    assert repr(stands) == "act:one: its inputs, toolchain or outputs are not those of its last run"


BENCH = """[bench.speed]
format = "hyperfine"
command = ["python", "bench.py", "{report}"]
[bench.speed.metrics]
run_s = { direction = "lower", unit = "s" }
"""


@pytest.mark.usefixtures("act")
@pytest.mark.parametrize(("more", "taken"), [("", [True]), (BENCH, [True, True])])
def test_hashing_waits_for_a_benchmark_as_every_step_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, taken: list[bool]
) -> None:
    """Design §4: the lock is shared in every action and around hashing, exclusive for steps with `alone`."""
    found = small_project(tmp_path, files={"in.txt": b"in"}, more=more)
    locks: list[bool] = []

    class Seen(FileLock):
        def __enter__(self) -> Any:
            assert self.path == str(tmp_path / ".release/alone.lock")
            locks.append(self.shared)
            return super().__enter__()

    monkeypatch.setattr("release_tasks.engine.bridge.FileLock", Seen)
    stands = StillStands(STEP, found.workspace)
    assert not stands(None, {})  # a step that never ran is not hashed
    assert stands(None, action(found)())
    assert locks == taken
    locks.clear()
    assert isinstance(Action(replace(STEP, alone=True), found.plan, found.workspace)(), dict)
    assert locks == [False]


DAMAGED: list[Any] = [
    None,
    "text",
    [],
    {},
    {"key": 1},
    {"key": None, "outputs": {}},
]


@pytest.mark.usefixtures("act")
@pytest.mark.parametrize("key", ["key", "facts", "outputs", "folder"])
@pytest.mark.parametrize("value", [None, 1, "x", [], {"out/made": 1}])
def test_damaged_values_never_stand_unless_they_say_the_same(
    project: SmallProject, key: str, value: Any
) -> None:
    saved = action(project)()
    assert isinstance(saved, dict)
    row = saved["release_tasks"]
    bent = {"release_tasks": {**row, key: value}}
    harmless = {("folder", None), ("folder", 1), ("folder", "x")}  # this step leaves no folder behind
    same = (key, value) in harmless if not isinstance(value, (list, dict)) else key == "folder"
    same = same or (key == "facts" and isinstance(value, dict))  # facts are compared through the key
    assert StillStands(STEP, project.again().workspace)(None, bent) is same
    missing = {"release_tasks": {name: item for name, item in row.items() if name != key}}
    assert not StillStands(STEP, project.again().workspace)(None, missing)


@pytest.mark.parametrize("saved", DAMAGED)
def test_what_is_no_outcome_loads_as_none(saved: Any) -> None:
    assert outcome_from_json(saved) is None


def test_an_outcome_reads_back() -> None:
    outcome = Outcome(
        key="k", facts={"date": "d"}, outputs={"a": "0" * 64}, folder="f", inputs={"b": "1" * 64}
    )
    assert outcome_from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (GateRefused("no", hint="h"), StepFailed, 1),
        (ConfigError("bad"), StepBroke, 3),
        (CommandFailed("died"), StepBroke, 2),
        (OSError(28, "No space left on device", "file"), StepBroke, 2),
    ],
)
def test_a_problem_of_the_user_is_a_value_with_a_whole_message(
    project: SmallProject,
    act: Callable[[Callable[[Context], Any]], None],
    error: Exception,
    kind: type[StepFailed],
    code: int,
) -> None:
    def fail(_context: Context) -> None:
        raise error

    act(fail)
    found = action(project)()
    assert type(found) is kind
    assert found.exit_code == code
    assert isinstance(found, TaskError) is (kind is StepBroke)
    assert isinstance(found, TaskFailed)
    assert "Traceback" not in found.get_msg()
    if isinstance(error, OSError):
        assert found.get_msg().startswith("the disk is full\n")
    else:
        assert found.get_msg() == str(error)


def test_a_bug_of_ours_is_not_hidden(
    project: SmallProject, act: Callable[[Callable[[Context], Any]], None]
) -> None:
    def fail(_context: Context) -> None:
        raise AssertionError("BUG")

    act(fail)
    with pytest.raises(AssertionError, match="BUG"):
        action(project)()


@pytest.mark.usefixtures("act")
def test_an_action_crosses_a_process_border(project: SmallProject) -> None:
    assert project.workspace.index.sha256("in.txt") is not None  # a connection is open
    twin = pickle.loads(pickle.dumps(action(project)))
    assert twin.step == STEP
    assert twin.plan == project.plan
    assert isinstance(twin(), dict)


def test_progress_is_shown_while_the_step_runs_and_gone_after(
    project: SmallProject, act: Callable[[Callable[[Context], Any]], None]
) -> None:
    path = project.root / ".release/progress/act.one"
    seen: list[str] = []

    def look(context: Context) -> None:
        make(context)
        seen.append(path.read_text())

    act(look)
    action(project)()
    assert seen == ["half way"]
    assert not path.exists()


def test_progress_is_short(tmp_path: Path) -> None:
    Progress(tmp_path / "p")("é" * 1000)
    assert (tmp_path / "p").read_text("utf-8") == "é" * 200


def test_a_step_becomes_a_task_that_doit_accepts(project: SmallProject) -> None:
    made = make_task(
        Step(**{**{name: getattr(STEP, name) for name in STEP.__slots__}, "after": ("gate", "unknown")}),
        project.plan,
        project.workspace,
        base=str(project.root),
        known={"gate"}.__contains__,
    )
    assert (made["basename"], made["name"], made["doc"]) == ("act", "one", "Act.")
    assert made["file_dep"] == ["in.txt"]
    assert made["targets"] == ["out/made".replace("/", __import__("os").sep)]
    assert made["task_dep"] == ["gate"]
    task = dict_to_task(
        {**{key: value for key, value in made.items() if key != "basename"}, "name": "act:one"}
    )
    assert task.name == "act:one"


def test_paths_are_those_of_the_folder_that_doit_works_in(project: SmallProject) -> None:
    below = project.root / "below"
    made = make_task(STEP, project.plan, project.workspace, base=str(below), known=lambda _name: True)
    assert made["file_dep"] == [str(project.root / "in.txt")]  # never through `..`


def test_whatever_cannot_be_looked_at_does_not_stand(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise StorageError("the state database cannot be used")

    monkeypatch.setattr(type(project.workspace), "key", refuse)
    assert not still_stands(STEP, project.workspace, Outcome(key="k"))
