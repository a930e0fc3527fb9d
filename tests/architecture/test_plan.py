"""Design §2 and §6: planning is pure, steps can be sent to another process, and their order is the graph's."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import release_tasks
from release_tasks import catalog
from release_tasks.catalog import STAGES, plan_steps
from release_tasks.config.load import load_release
from release_tasks.records.step import Step
from release_tasks.records.verdict import Mode
from release_tasks.stages.plan import Plan, make_plan

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*/release.toml"))
MODES = (Mode(), Mode(soft=True, strict=True, policy_override=True))
_WORLD: tuple[tuple[Any, str], ...] = (
    (builtins, "open"), (io, "open"), (os, "open"), (os, "stat"), (os, "lstat"), (os, "scandir"), (os, "listdir"),
    (os, "getcwd"), (os, "urandom"), (Path, "glob"), (Path, "rglob"),  # 3.13 keeps its own os.scandir
    (socket, "socket"), (subprocess, "Popen"), (time, "time"), (time, "time_ns"),
)  # fmt: skip

_PLANNER = re.compile(r"^def (\w+)\(plan: Plan\) -> tuple\[Step, \.\.\.\]:", re.MULTILINE)

Stage = Callable[[Plan], tuple[Step, ...]]


class TouchedTheWorldError(AssertionError):
    pass


def plan_without_a_world(stage: Stage, plan: Plan) -> tuple[Step, ...]:
    """Call a stage while disk, network, clock and processes raise."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _WORLD:

            def touched(*_args: object, _name: str = name, **_kwargs: object) -> None:
                raise TouchedTheWorldError(_name)

            patch.setattr(owner, name, touched)
        return stage(plan)


def forward_edges(steps: Iterable[Step]) -> list[str]:
    """Edges that lead to a step which comes later, or to none at all."""
    seen: set[str] = set()
    found = []
    for step in steps:
        found += [f"{step.name} comes before {name}" for name in step.after if name not in seen]
        seen.add(step.name)
    return found


@pytest.fixture(params=CASES, ids=lambda path: path.parent.name)
def release_plan(request: pytest.FixtureRequest) -> Plan:
    return make_plan(load_release(request.param, environ={}), Mode(), None)


def stage_name(stage: Stage) -> str:
    return f"{stage.__module__.rpartition('.')[2]}.{stage.__name__}"


@pytest.mark.parametrize("stage", STAGES, ids=stage_name)
@pytest.mark.parametrize("mode", MODES, ids=["plain", "marked"])
def test_stage_plans_without_touching_the_world(stage: Stage, mode: Mode, release_plan: Plan) -> None:
    plan = make_plan(release_plan.release, mode, "release_policy.yml")
    steps = plan_without_a_world(stage, plan)
    assert all(isinstance(step, Step) for step in steps)
    assert steps == stage(plan)


@pytest.mark.parametrize(
    "touch",
    [
        lambda _: Path("x").read_text(encoding="utf-8"),
        lambda _: Path("x").exists(),
        lambda _: open("x", encoding="utf-8"),  # noqa: PTH123, SIM115
        lambda _: subprocess.run(["true"], check=False),
        lambda _: socket.create_connection(("localhost", 1)),
        lambda _: time.time(),
        lambda _: list(Path().glob("*")),
    ],
)
def test_stage_that_touches_the_world_is_caught(touch: Any, release_plan: Plan) -> None:
    with pytest.raises(TouchedTheWorldError):
        plan_without_a_world(touch, release_plan)


def test_steps_travel_to_another_process(release_plan: Plan) -> None:
    steps = plan_steps(release_plan)
    assert pickle.loads(pickle.dumps(steps)) == steps
    assert len({hash(step) for step in steps}) == len(steps)


def test_every_task_has_a_name_and_a_sentence_of_its_own(release_plan: Plan) -> None:
    steps = plan_steps(release_plan)
    assert len({step.name for step in steps}) == len(steps)
    assert [step.name for step in steps if not step.doc or "\n" in step.doc] == []
    assert [step.name for step in steps if "=" in step.name] == []  # doit reads NAME=VALUE as a variable


def test_every_scheme_of_versions_has_snapshots(release_plan: Plan) -> None:
    plan = make_plan(release_plan.release, Mode(snapshot=True), None)
    assert plan.folder != release_plan.folder


def test_every_file_has_one_writer(release_plan: Plan) -> None:
    paths = [write.path for step in plan_steps(release_plan) for write in step.writes]
    assert sorted(set(paths)) == sorted(paths)


def test_catalog_is_in_the_order_of_its_edges(release_plan: Plan) -> None:
    assert forward_edges(plan_steps(release_plan)) == []


def test_order_of_the_users_steps_in_the_file_does_not_matter(release_plan: Plan) -> None:
    release = release_plan.release
    backwards = make_plan(replace(release, steps=release.steps[::-1]), Mode(), None)
    assert forward_edges(plan_steps(backwards)) == []


def test_edge_that_leads_forward_is_caught(release_plan: Plan) -> None:
    first, second, *_ = (replace(step, after=()) for step in plan_steps(release_plan))
    assert forward_edges((first, replace(second, after=(first.name,)))) == []
    broken = (replace(first, after=(second.name, "none")), second)
    assert forward_edges(broken) == [
        f"{first.name} comes before {second.name}",
        f"{first.name} comes before none",
    ]


def test_step_that_reads_what_another_writes_comes_after_it(release_plan: Plan) -> None:
    steps = plan_steps(release_plan)
    writers = {write.path: step.name for step in steps for write in step.writes}
    missing = [
        f"{step.name} reads {path} of {writers[path]}"
        for step in steps
        for path in step.files
        if path in writers and writers[path] not in {*step.after, step.name}
    ]
    assert missing == []


_PRINT = """
import sys
from pathlib import Path
from release_tasks.catalog import plan_steps
from release_tasks.config.load import load_release
from release_tasks.records.verdict import Mode
from release_tasks.stages.plan import make_plan
for file in sys.argv[1:]:
    print(plan_steps(make_plan(load_release(Path(file), environ={}), Mode(), None)))
"""


def _plans_under(seed: str, code: str) -> str:
    environ = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": str(Path(release_tasks.__file__).parent.parent),
    }
    command = [sys.executable, "-c", code, *map(str, CASES)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout


def test_plan_does_not_depend_on_the_hash_seed() -> None:
    assert len({_plans_under(seed, _PRINT) for seed in ("0", "1", "4242")}) == 1


def test_order_that_depends_on_the_hash_seed_is_caught() -> None:
    shuffled = _PRINT.replace("print(", "print(set('abcdefghij'), ")
    assert len({_plans_under(seed, shuffled) for seed in ("0", "1", "4242")}) > 1


def test_stages_are_all_functions_of_the_room_that_plan_steps() -> None:
    folder = Path(release_tasks.__file__).parent / "stages"
    planners = {
        f"{path.stem}.{name}"
        for path in folder.glob("*.py")
        for name in _PLANNER.findall(path.read_text(encoding="utf-8"))
    }
    planners.discard("evidence.evidence_steps")  # the list of the evidence stages, which STAGES holds too
    assert {stage_name(stage) for stage in catalog.STAGES} == planners
