"""A no-op `doit release` of the bundled project against doit itself on a dodo.py with one trivial task."""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Bench, main, run_child, script
from projects import bundled_project, copy_code, doit_env, trivial_project

LIMIT = 2.0


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Measure both whole processes, start of the interpreter included."""
    del asked
    code = copy_code(folder)
    env = doit_env(code)
    trivial = trivial_project(folder, code)
    bundled = bundled_project(folder, code)
    doit = script("doit")
    bench.peers["doit"] = {"version": "as installed", "command": "doit"}
    bench.measure(
        {
            "doit, one trivial task": lambda: run_child([doit], cwd=trivial, env=env),
            "doit release, nothing to do": lambda: run_child(
                [doit, "release"], cwd=bundled, env=env, says="none run"
            ),
        }
    )
    bench.compare(
        "no-op release / trivial doit run",
        "doit release, nothing to do",
        lambda seconds: seconds("doit, one trivial task"),
        at_most=LIMIT,
    )
    bench.notes.append("a clean clone; byte code compiled; PYTHONDONTWRITEBYTECODE unset for both")


if __name__ == "__main__":
    main("noop", run, rounds=41, small_rounds=3, warmup=2)
