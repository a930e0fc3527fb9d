"""The page of the bundled model's release, drawn by the verb `page`, against the start of the interpreter."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measure import Bench, Run, main, run_child, script
from projects import bundled_project, copy_code, doit_env

ALLOWANCE_S = 3.0  # what verifying, reading every tensor and drawing may cost above the start


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Measure both whole processes."""
    del asked
    code = copy_code(folder)
    env = doit_env(code)
    bundled = bundled_project(folder, code)
    page = str(folder / "page.html")

    def start() -> Run:
        return run_child([sys.executable, "-c", "pass"], cwd=bundled, env=env)

    def draw() -> Run:
        command = [script("python"), "-m", "release_tasks", "page", "release/0.1.0", "--output", page]
        return run_child(command, cwd=bundled, env=env, says="wrote")

    def release() -> Run:
        return run_child([script("doit"), "release"], cwd=bundled, env=env, says="none run")

    bench.measure(
        {"python -c pass": start, "release-tasks page": draw, "doit release, nothing to do": release}
    )
    bench.compare(
        "release-tasks page / (interpreter start + 3 s)",
        "release-tasks page",
        lambda seconds: seconds("python -c pass") + ALLOWANCE_S,
        at_most=1.0,
    )
    bench.notes.append(
        "the bundled project, released once: the release is verified in full, every tensor of three files of "
        "weights is read, every chart is drawn; matplotlib is imported in every run"
    )


if __name__ == "__main__":
    main("page", run, rounds=11, small_rounds=2, warmup=1)
