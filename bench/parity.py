"""A step `parity:<pair>` of the bundled model, 20 prompts of 32 steps, against the model work in it.

The peer is the same logits command with the same requests in the same sandbox, its answers thrown away.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measure import REPOSITORY, Bench, Run, child_env, main, run_child, script, timed
from projects import copy_code, doit_env

from release_tasks.catalog import plan_steps
from release_tasks.config.command import fill_command
from release_tasks.config.load import load_release
from release_tasks.config.schema import Pair
from release_tasks.formats.logits_protocol import GreedyRequest, Request, ScoreRequest, dump_requests
from release_tasks.formats.prompts import parse_prompts
from release_tasks.records.step import Step
from release_tasks.records.verdict import Mode
from release_tasks.stages.execution import run_step
from release_tasks.stages.logits_command import LogitsCommand
from release_tasks.stages.measure import measured
from release_tasks.stages.parity import rows_path
from release_tasks.stages.plan import Plan, make_plan
from release_tasks.stages.workspace import Workspace

PAIR = "q8_0"
LIMIT = 1.10
_FILES = ("release.toml", "release_policy.yml", "examples")


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """The measurement and what it asks of the model: for each start of the command its file and stdin."""

    plan: Plan
    workspace: Workspace
    pair: Pair
    step: Step
    starts: tuple[tuple[str, bytes], ...]

    def ours(self) -> None:
        """Everything that the step does."""
        run_step(self.step, self.plan, self.workspace, lambda _text: None)

    def bare(self) -> None:
        """The command alone, in our sandbox."""
        for model, given in self.starts:
            with measured(
                self.workspace,
                name="bare",
                argv=fill_command(self.pair.command, {"model": model}),
                reads=(model, *self.pair.reads),
                given=given,
                seed=self.pair.seed,
            ):
                pass

    def naked(self) -> None:
        """The command alone, without a sandbox and with the surrounding environment."""
        for model, given in self.starts:
            argv = [sys.executable, *fill_command(self.pair.command, {"model": model})[1:]]
            subprocess.run(
                argv,
                cwd=self.workspace.root,
                input=given,
                stdout=subprocess.DEVNULL,
                check=True,
                env=child_env(),
            )


def _project(folder: Path, env: dict[str, str]) -> Path:
    """The bundled project as it is in the working tree, its model trained and its pairs measured once."""
    place = folder / "bundled"
    place.mkdir()
    for name in _FILES:
        source = REPOSITORY / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, place / name)
    run_child([script("release-tasks"), "run", f"parity:{PAIR}"], cwd=place, env=env)
    return place


def _work(place: Path) -> Work:
    release = load_release(place / "release.toml", environ={})
    plan = make_plan(release, Mode(), None)
    workspace = Workspace(release)
    pair = next(pair for pair in release.parity if pair.name == PAIR)
    prompts = parse_prompts((place / pair.prompts).read_bytes(), where=pair.prompts)
    greedy: list[Request] = [GreedyRequest(prompt=text, steps=pair.steps, seed=pair.seed) for text in prompts]
    paths = LogitsCommand(workspace, pair, log="bench").greedy(prompts)
    scores = [ScoreRequest(tokens=path.tokens, start=path.prompt_tokens) for path in paths]
    starts = (
        (pair.reference, dump_requests(greedy)),
        (pair.reference, dump_requests([*greedy, *scores])),
        (pair.candidate, dump_requests(scores)),
    )
    step = next(step for step in plan_steps(plan) if step.name == f"parity:{PAIR}")
    return Work(plan=plan, workspace=workspace, pair=pair, step=step, starts=starts)


def _whole_command(place: Path, env: dict[str, str]) -> Run:
    """`release-tasks run parity:…` when the rows are gone, as after a change of a model file."""
    (place / rows_path(PAIR)).unlink()
    return run_child([script("release-tasks"), "run", f"parity:{PAIR}"], cwd=place, env=env, says="done")


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Measure the step in this process, and the whole command beside it."""
    del asked
    env = doit_env(copy_code(folder))
    place = _project(folder, env)
    work = _work(place)
    bench.peers["examples/tinycoder/logits.py"] = {"version": "as in the working tree"}
    bench.measure(
        {
            "parity step": timed(work.ours),
            "logits command, same requests": timed(work.bare),
            "logits command, no sandbox": timed(work.naked),
            "release-tasks run parity:q8_0": partial(_whole_command, place, env),
        }
    )
    bench.compare(
        "parity step / logits command with the same requests, in the same sandbox",
        "parity step",
        lambda seconds: seconds("logits command, same requests"),
        at_most=LIMIT,
    )
    bench.compare(
        "whole command / logits command with the same requests, in the same sandbox",
        "release-tasks run parity:q8_0",
        lambda seconds: seconds("logits command, same requests"),
    )
    bench.notes.append(
        "20 prompts, 32 steps, 271K parameters: the smallest model, so that our share is largest"
    )


if __name__ == "__main__":
    main("parity", run, rounds=21, small_rounds=3, warmup=2)
