from __future__ import annotations

import hashlib
import json
import pickle
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.schema import UserStep
from release_tasks.records.step import Tree, Write
from release_tasks.stages.user_steps import recipe_digest, steps
from release_tasks.stages.user_steps_action import publish_files, run_command
from release_tasks.stages.workspace import Workspace
from release_tasks.system import index
from release_tasks.system.variation import Variation
from tests.fakes.small_project import SmallProject, small_project

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


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_varied_run_says_so_and_publishes_and_is_identified_as_any_other(tmp_path: Path) -> None:
    more = '[[step]]\nname = "train"\ncommand = ["python", "t.py"]\nreads = ["t.py"]\nwrites = ["out/w"]\n'
    code = b"import os; open('out/w', 'w').write('same'); print(oct(os.umask(0)), os.environ['TZ'])"
    project = small_project(tmp_path, more=more, files={"t.py": code})
    varied = SmallProject(
        project.plan,
        Workspace(
            project.plan.release,
            variation=Variation(names=frozenset({"umask", "timezone", "hostile-environment"})),
        ),
    )
    records, modes, keys = [], [], []
    for one in (project, varied):
        one.run("step:train", run_command)
        records.append(json.loads((tmp_path / ".release/records/step-train.json").read_bytes()))
        modes.append((tmp_path / "out/w").stat().st_mode)
        keys.append(one.workspace.key(one.step("step:train"), ()))
    ordinary, other = records
    assert set(ordinary) == {"seconds", "hermetic", "not_enforced", "numeric"}
    assert set(other) == {*ordinary, "varied", "not_varied"}
    assert (other["varied"], other["not_varied"]) == (["timezone", "umask", "hostile-environment"], {})
    assert modes == [0o100644, 0o100644]
    assert keys[0] == keys[1]
    assert (tmp_path / ".release/logs/step-train.log").read_text() == "0o22 UTC\n0o77 GMT+12\n"


def test_a_workspace_takes_its_variation_to_other_processes(tmp_path: Path) -> None:
    release = small_project(tmp_path).plan.release
    again = pickle.loads(pickle.dumps(Workspace(release, variation=Variation(round=2))))
    assert (again.release, again.variation) == (release, Variation(round=2))
    assert pickle.loads(pickle.dumps(Workspace(release))).variation is None
