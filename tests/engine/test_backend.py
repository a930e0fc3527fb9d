from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from doit.dependency import Dependency
from doit.exceptions import InvalidCommand
from doit.task import Task

from release_tasks.engine.backend import StateBackend
from release_tasks.system.state import StateDatabase


@pytest.fixture
def name(tmp_path: Path) -> str:
    return str(tmp_path / "state.sqlite")


def test_a_task_is_committed_with_its_last_write_and_not_before(name: str) -> None:
    backend = StateBackend(name)
    backend.set("gate", "_values_:", {"release_tasks": {"key": "k"}})
    backend.set("gate", "a.json", "digest")
    assert StateBackend(name).get("gate", "a.json") is None
    assert not StateBackend(name).in_("gate")
    backend.set("gate", "deps:", ["a.json"])
    again = StateBackend(name)
    assert again.in_("gate")
    assert again.get("gate", "_values_:") == {"release_tasks": {"key": "k"}}
    assert (again.get("gate", "a.json"), again.get("gate", "deps:"), again.get("gate", "no")) == (
        "digest",
        ["a.json"],
        None,
    )


def test_doit_writes_its_dependencies_last(name: str, tmp_path: Path) -> None:
    """Our commit rests on this order (Dependency.save_success, doit 0.37)."""
    written: list[str] = []

    class Spy(StateBackend):
        def set(self, task_id: str, dependency: str, value: Any) -> None:
            written.append(dependency)
            super().set(task_id, dependency, value)

    (tmp_path / "a").write_text("a")
    task = Task("t", [lambda: None], file_dep=[str(tmp_path / "a")])
    task.values = {"x": 1}
    Dependency(Spy, name).save_success(task)
    assert written[-1] == "deps:"
    assert written.count("deps:") == 1
    assert len(written) > 2


KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from release_tasks.engine.backend import StateBackend
    backend = StateBackend(sys.argv[1])
    for task in ("done", "half"):
        backend.set(task, "_values_:", {"x": 1})
        backend.set(task, "result:", "r")
        if task == "done":
            backend.set(task, "deps:", [])
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_kill_loses_no_finished_task_and_keeps_no_half_one(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, name], check=False)
    assert done.returncode == -9
    backend = StateBackend(name)
    assert backend.get("done", "_values_:") == {"x": 1}
    assert not backend.in_("half")


def test_a_task_that_is_forgotten_stays_so(name: str) -> None:
    backend = StateBackend(name)
    for task in ("a", "b", "c"):
        backend.set(task, "deps:", [])
    backend.remove("a")
    backend.remove("never there")
    assert [StateBackend(name).in_(task) for task in ("a", "b")] == [False, True]
    assert not backend.in_("a")
    backend.remove_all()
    assert not backend.in_("b")
    assert not StateBackend(name).in_("c")


def test_ignoring_is_refused_and_leaves_no_mark(name: str) -> None:
    """Design §11: `doit ignore bench` and a changed input would exit 0 with the old result."""
    backend = StateBackend(name)
    backend.set("gate", "deps:", [])
    with pytest.raises(InvalidCommand) as caught:
        backend.set("gate", "ignore:", "1")
    assert str(caught.value) == (
        "gate cannot be ignored: a release without it would look complete and be stale.\n"
        "  hint: change release.toml, or turn its gate off in the policy"
    )
    backend.set("gate", "deps:", [])
    assert backend.get("gate", "ignore:") is None
    assert StateBackend(name).get("gate", "ignore:") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '"x"', "[[1]]"])
def test_a_row_that_is_not_ours_is_an_unknown_task(name: str, text: str) -> None:
    database = StateDatabase(Path(name))
    database.put([("task/gate", text)])
    backend = StateBackend(name)
    assert not backend.in_("gate")
    assert backend.get("gate", "deps:") is None
    backend.set("gate", "deps:", [])
    assert json.loads(database.get("task/gate") or "") == {"deps:": []}


def test_it_can_be_made_and_closed_as_doit_does(name: str) -> None:
    dependency = Dependency(StateBackend, name)
    dependency.close()
    dependency.close()
