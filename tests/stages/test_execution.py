from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from release_tasks.errors import CommandFailed, ConfigError, IntegrityError
from release_tasks.records.step import Step, Tree, Write
from release_tasks.stages.execution import Context, Outcome, folder_tree, run_step, still_stands
from tests.fakes.small_project import SmallProject, silent, small_project

STEP = Step(
    verb="act",
    run="actions_of_a_test:act",
    doc="",
    args=(("text", "made"),),
    reads=("in.txt", Tree(("data/*",))),
    writes=(Write("out/made"),),
)


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return small_project(tmp_path / "p", files={"in.txt": b"in", "data/a": b"a", "data/b": b"b"})


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Context], Any]], None]:
    """Set what the step does."""

    def use(action: Callable[[Context], Any]) -> None:
        monkeypatch.setitem(sys.modules, "actions_of_a_test", SimpleNamespace(act=action))

    use(make)
    return use


def make(context: Context) -> None:
    target = context.workspace.root / "out" / "made"
    target.parent.mkdir(exist_ok=True)
    target.write_text(str(context.argument("text")))


def run(project: SmallProject, step: Step = STEP) -> Outcome:
    return run_step(step, project.plan, project.workspace, silent)


def stands(project: SmallProject, saved: Outcome, step: Step = STEP) -> bool:
    return still_stands(step, project.again().workspace, saved)


@pytest.mark.usefixtures("act")
def test_what_was_run_stands_until_something_moves(project: SmallProject) -> None:
    saved = run(project)
    assert list(saved.outputs) == ["out/made"]
    assert (saved.facts, saved.folder, len(saved.key)) == ({}, None, 64)
    assert stands(project, saved)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


MOVES: dict[str, Callable[[SmallProject], object]] = {
    "a file changed": lambda p: p.write("in.txt", b"IN"),
    "a file is gone": lambda p: (p.root / "in.txt").unlink(),
    "a file became a folder": lambda p: to_folder(p.root / "in.txt"),
    "a file of a glob changed": lambda p: p.write("data/a", b"A"),
    "a file of a glob is new": lambda p: p.write("data/c", b""),
    "a file of a glob is gone": lambda p: (p.root / "data/a").unlink(),
    "a glob matches nothing": lambda p: shutil.rmtree(p.root / "data"),
    "a link in a glob leads nowhere": lambda p: (p.root / "data/z").symlink_to("nowhere"),
    "an output changed": lambda p: p.write("out/made", b"forged"),
    "an output is gone": lambda p: (p.root / "out/made").unlink(),
    "an output became a folder": lambda p: to_folder(p.root / "out/made"),
}


@pytest.mark.usefixtures("act")
@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_what_moved_does_not_stand_and_never_is_a_traceback(
    project: SmallProject, move: Callable[[SmallProject], object]
) -> None:
    saved = run(project)
    move(project)
    assert not stands(project, saved)


@pytest.mark.usefixtures("act")
@pytest.mark.parametrize(
    "change",
    [
        {"args": (("text", "other"),)},
        {"run": "actions_of_a_test:other"},
        {"reads": ("in.txt",)},
        {"writes": ()},
        {"writes": (*STEP.writes, Write("in.txt"))},
        {"network": True},
    ],
)
def test_another_step_does_not_stand(project: SmallProject, change: dict[str, Any]) -> None:
    assert not stands(project, run(project), replace(STEP, **change))


@pytest.mark.usefixtures("act")
@pytest.mark.parametrize(
    "damage",
    [
        {"key": ""},
        {"outputs": {}},
        {"outputs": {"out/made": None}},
        {"outputs": {"other": "0" * 64}},
        {"folder": None},
    ],
)
def test_damaged_state_does_not_stand(project: SmallProject, damage: dict[str, Any]) -> None:
    step = replace(STEP, folder="out")
    saved = replace(
        run(project, step), folder=project.again().workspace.index.tree(folder_tree("out")).digest.hex
    )
    assert stands(project, saved, step)
    assert not stands(project, replace(saved, **damage), step)


@pytest.mark.usefixtures("act")
@pytest.mark.parametrize("path", ["out/new", "out/.hidden", "out/.h/x", "out/a/.b/c"])
def test_a_folder_stands_as_a_whole_with_its_hidden_files(project: SmallProject, path: str) -> None:
    step = replace(STEP, folder="out")
    saved = replace(
        run(project, step), folder=project.again().workspace.index.tree(folder_tree("out")).digest.hex
    )
    project.write(path, b"")
    assert not stands(project, saved, step)


@pytest.mark.parametrize("path", ["in.txt", "data/a", "data/new"])
def test_an_input_that_changes_while_the_step_runs_spoils_it(
    project: SmallProject, act: Callable[[Callable[[Context], Any]], None], path: str
) -> None:
    def careless(context: Context) -> None:
        make(context)
        project.write(path, b"changed meanwhile")

    act(careless)
    with pytest.raises(IntegrityError) as caught:
        run(project)
    assert caught.value.what == "an input of act changed while it ran"
    assert caught.value.found == "in.txt, data/*"


def test_an_output_that_was_not_written_is_a_failure(
    project: SmallProject, act: Callable[[Callable[[Context], Any]], None]
) -> None:
    act(lambda _context: None)
    with pytest.raises(CommandFailed) as caught:
        run(project)
    assert (
        str(caught.value) == "act did not write out/made\n  wanted: every declared output\n  where:  out/made"
    )


@pytest.mark.usefixtures("act")
def test_a_read_that_is_not_there_says_how_to_mend_it(project: SmallProject) -> None:
    (project.root / "in.txt").unlink()
    with pytest.raises(ConfigError) as caught:
        run(project)
    assert str(caught.value) == (
        "act reads a file that does not exist\n"
        "  wanted: in.txt\n"
        "  found:  no such file\n"
        f"  where:  {project.root / 'in.txt'}\n"
        "  hint:   correct the path in release.toml, or declare the step that writes it"
    )


def test_facts_are_in_the_key_and_in_the_outcome(
    project: SmallProject, act: Callable[[Callable[[Context], Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def look(context: Context) -> None:
        make(context)
        seen.append(context.facts["date"])

    act(look)
    step = replace(STEP, facts=("date",))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    saved = run(project, step)
    assert saved.facts == {"date": "1970-01-01T00:00:00Z"}
    assert seen == ["1970-01-01T00:00:00Z"]
    assert stands(project, saved, step)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert not stands(project, saved, step)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "bad")
    assert not stands(project, saved, step)


@pytest.mark.parametrize("run_", ["no_such_module_at_all:f", "actions_of_a_test:no_such_function"])
@pytest.mark.usefixtures("act")
def test_an_action_that_does_not_exist_is_a_bug_with_a_traceback(project: SmallProject, run_: str) -> None:
    with pytest.raises((ModuleNotFoundError, AttributeError)):
        run(project, replace(STEP, run=run_))
