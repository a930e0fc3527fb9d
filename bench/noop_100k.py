"""A no-op with 100,000 files in the dataset against a trivial doit run and a bare pass over the tree."""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Bench, main, run_child, script, timed
from projects import commit, copy_code, doit_env, many_files, trivial_project, walk_stat, write_project
from weights import write_model

TOML = """schema = 1

[release]
name = "hundred-thousand"
version = "1.0.0"
license = "Apache-2.0"

[artifacts]
model = "model.safetensors"
tokenizer = "tokenizer.json"
config = "config.json"

[dataset]
version = "2026.01.01_build1"
files = ["data/**/*.json"]

[[step]]
name = "count"
command = ["python", "count.py", "data"]
reads = ["count.py", "data/**/*.json"]
writes = ["build/count.txt"]
"""
COUNT = """import os, pathlib, sys

total = sum(len(files) for _, _, files in os.walk(sys.argv[1]))
pathlib.Path("build").mkdir(exist_ok=True)
pathlib.Path("build/count.txt").write_text(f"{total}\\n")
"""


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Build the project, release it once (reported as the first run), then measure what a no-op costs."""
    files = asked.files or (2_000 if asked.small else 100_000)
    code = copy_code(folder)
    env = doit_env(code)
    trivial = trivial_project(folder, code)
    place = write_project(folder / "project", TOML)
    many_files(place / "data", files)
    write_model(place, size=1 << 20, shards=1)
    (place / "count.py").write_text(COUNT, "utf-8")
    commit(place)
    doit = script("doit")
    run_child([doit, "freeze"], cwd=place, env=env)
    commit(place)
    bench.measure(
        {"first doit release": lambda: run_child([doit, "release"], cwd=place, env=env)}, rounds=1, warmup=0
    )
    tree = str(place / "data")
    bench.measure(
        {
            "doit, one trivial task": lambda: run_child([doit], cwd=trivial, env=env),
            "doit release, nothing to do": lambda: run_child(
                [doit, "release"], cwd=place, env=env, says="none run"
            ),
            "bare scandir and stat": timed(lambda: walk_stat(tree)),
            "git status": lambda: run_child(["git", "status", "--porcelain"], cwd=place),
        }
    )
    bench.compare(
        f"no-op on {files:,} files / (trivial doit + 2 bare passes)",
        "doit release, nothing to do",
        lambda seconds: seconds("doit, one trivial task") + 2 * seconds("bare scandir and stat"),
        at_most=1.0,
    )
    bench.compare("no-op / git status", "doit release, nothing to do", lambda seconds: seconds("git status"))
    bench.peers["git status"] = {"version": "as installed", "command": "git status --porcelain"}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--files", type=int, default=None, help="files in the dataset (100,000)")


if __name__ == "__main__":
    main("noop_100k", run, rounds=15, options=options)
