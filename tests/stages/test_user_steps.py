from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.schema import UserStep
from release_tasks.records.step import Tree, Write
from release_tasks.stages.user_steps import recipe_digest, steps
from release_tasks.stages.user_steps_action import publish_files
from release_tasks.system import index
from tests.fakes.small_project import small_project

STEP = UserStep(
    name="train",
    command=("python", "train.py"),
    writes=("out",),
    reads=("train.py",),
    params=(("lr", 0.1),),
    seed=1,
    devices=("gpu",),
)
CHANGED: dict[str, Any] = {
    "command": ("python", "train.py", ""),
    "writes": ("out2",),
    "reads": (),
    "params": (("lr", "0.1"),),
    "seed": None,
    "devices": (),
}


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_any_change_of_a_recipe_is_frozen(name: str) -> None:
    assert recipe_digest(replace(STEP, **{name: CHANGED[name]})) != recipe_digest(STEP)


def test_a_recipe_is_all_of_a_step_but_its_name() -> None:
    """The name is the key under which release.lock keeps it."""
    assert {field.name for field in fields(UserStep)} == CHANGED.keys() | {"name"}
    assert recipe_digest(replace(STEP, name="other")) == recipe_digest(STEP)


def test_parts_of_a_command_cannot_move(tmp_path: Path) -> None:
    assert recipe_digest(replace(STEP, command=("a b",))) != recipe_digest(replace(STEP, command=("a", "b")))


def test_a_step_of_the_user_becomes_a_step_of_the_graph(tmp_path: Path) -> None:
    more = '[[step]]\nname = "train"\ncommand = ["python", "t.py", "{reads}"]\nreads = ["t.py", "data/*"]\n'
    more += 'writes = ["out/w"]\nseed = 3\nparams = { b = 1, a = true }\n'
    (step,) = steps(small_project(tmp_path, more=more).plan)
    assert step.name == "step:train"
    assert step.reads == ("t.py", Tree(("data/*",)))
    assert step.writes == (Write("out/w", "output", "exact"),)
    assert dict(step.args) == {"command": ("python", "t.py", "{reads}"), "seed": 3}
    assert step.params == (("a", True), ("b", 1))
    assert step.user
    assert not step.network
    assert step.doc == "Run python t.py {reads}"


def test_outputs_are_hashed_once_while_they_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design §6: the digests saved are those computed while the outputs were published, not a later read."""
    project = small_project(tmp_path)
    data = {"out/a": b"a" * 1000, "out/b": b"b"}
    staged = [(path, project.write(f".release/staging/x/{path}", content)) for path, content in data.items()]
    publish_files(project.workspace, staged)
    monkeypatch.setattr(index, "digest_file", lambda *_, **__: pytest.fail("hashed again"))
    for workspace in (project.workspace, project.again().workspace):
        for path, content in data.items():
            digest = workspace.index.sha256(path)
            assert digest is not None
            assert digest.hex == hashlib.sha256(content).hexdigest()
    assert not list((tmp_path / ".release/staging/x/out").iterdir())
