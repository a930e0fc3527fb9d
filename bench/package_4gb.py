"""Packaging 4 GB of weights, one file and 8 shards, against hashlib, a plain copy and the naive way."""

from __future__ import annotations

import argparse
import os
import re
import shutil
from pathlib import Path

from measure import Bench, Case, Run, main, run_and_read, run_child, script
from projects import commit, copy_code, doit_env, write_project
from weights import model_toml, write_model

WORK = str(Path(__file__).resolve().parent / "work.py")
WALL, RSS_MB = 1.3, 200.0
TOML = """schema = 1

[release]
name = "bench-{shards}"
version = "1.0.0"
license = "Apache-2.0"
bundles = ["tar", "zip"]

[artifacts]
{model}
tokenizer = "tokenizer.json"
config = "config.json"
"""
# What people write in a Makefile: the bytes are read three times and written twice.
NAIVE = (
    'cp "$@" out/ && cd out && sha256sum * > SHA256SUMS && '
    "tar cf ../out.tar . && sha256sum ../out.tar && sync"
)
_DONE = re.compile(r"^done +(\S+) +([0-9.]+) s$", re.MULTILINE)


def _fresh(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.with_suffix(".tar").unlink(missing_ok=True)
    out.mkdir()
    os.sync()  # the dirty pages of the case before are not this one's


def _cases(files: list[Path], folder: Path, env: dict[str, str], title: str) -> dict[str, Case]:
    out = folder / "out"
    names = [str(path) for path in files]

    def child(work: str) -> Case:
        def case() -> Run:
            _fresh(out)
            argv = [script("python"), WORK, work, "--out", str(out), *names]
            return run_child(argv, cwd=folder, env=env, reports_seconds=True)

        return case

    return {f"{title}: {what}": child(work) for what, work in _WORK.items()}


_WORK = {
    "ours, copied and digested": "ours",
    "hashlib SHA-256 pass": "hashlib",
    "plain copy with fsync": "copy",
}


def _naive(files: list[Path], folder: Path, title: str) -> dict[str, Case]:
    def case() -> Run:
        _fresh(folder / "out")
        return run_child(["sh", "-c", NAIVE, "sh", *map(str, files)], cwd=folder)

    return {f"{title}: naive cp, sha256sum, tar, sha256sum": case}


def _command(bench: Bench, place: Path, env: dict[str, str], title: str) -> None:
    """Release through the command once: seconds of each step as it prints them, peak RSS of the whole."""
    doit = script("doit")
    run_child([doit, "freeze"], cwd=place, env=env)
    os.sync()
    run, said = run_and_read([doit, "release"], cwd=place, env=env)
    for step, seconds in _DONE.findall(said):
        if step in {"artifacts", "package", "accept", "bundle:tar", "bundle:zip"}:
            bench.seconds[f"{title}: doit release, step {step}"] = [float(seconds)]
    bench.seconds[f"{title}: doit release, everything"] = [run.seconds]
    if run.rss_mb is not None:
        bench.rss_mb[f"{title}: doit release, everything"] = [run.rss_mb]


def _compare(bench: Bench, title: str) -> None:
    ours, hashed, copied = (f"{title}: {what}" for what in _WORK)
    bench.compare(
        f"{title}: package / slower of (hashlib, copy+fsync)",
        ours,
        lambda seconds: max(seconds(hashed), seconds(copied)),
        at_most=WALL,
    )
    bench.compare(f"{title}: package / hashlib", ours, lambda seconds: seconds(hashed))
    bench.compare(f"{title}: package / copy+fsync", ours, lambda seconds: seconds(copied))
    naive, step = f"{title}: naive cp, sha256sum, tar, sha256sum", f"{title}: doit release, step"
    bench.compare(f"{title}: package / naive way", ours, lambda seconds: seconds(naive))
    bench.rate(f"{title}: peak RSS of package [MB]", max(bench.rss_mb[ours]), at_most=RSS_MB)
    whole = f"{title}: doit release, everything"
    bench.rate(f"{title}: peak RSS of doit release [MB]", max(bench.rss_mb[whole]), at_most=RSS_MB)
    for kind in ("tar", "zip"):
        bench.compare(
            f"{title}: bundle:{kind} / copy+fsync", f"{step} bundle:{kind}", lambda seconds: seconds(copied)
        )


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """One shape after the other; within a shape ours, hashlib and copy take turns."""
    size = int((asked.gb or (0.1 if asked.small else 4.0)) * 1e9)
    code = copy_code(folder)
    env = doit_env(code)
    for title, shards in (("one file", 1), ("8 shards", 8)):
        place = folder / f"project-{shards}"
        files = write_model(place, size=size, shards=shards)
        write_project(place, TOML.format(shards=shards, model=model_toml(shards)))
        (place / ".gitignore").write_text("/.release/\n/release/\n*.safetensors\n__pycache__/\n", "utf-8")
        bench.measure(_cases(files, folder, env, title))
        bench.measure(_naive(files, folder, title), rounds=asked.naive, warmup=0)
        _fresh(folder / "out")
        commit(place)
        _command(bench, place, env, title)
        _compare(bench, title)
        shutil.rmtree(place)
    bench.peers["naive"] = {"version": "coreutils and tar as installed", "command": NAIVE}
    bench.peers["hashlib"] = {"version": "Python's", "command": "hashlib.file_digest(file, 'sha256')"}
    bench.peers["copy"] = {"version": "Python's", "command": "shutil.copyfileobj, then os.fsync"}
    bench.notes.append(
        f"{size / 1e9:.2f} GB, page cache warm; every byte of ours is read back and compared within the time"
    )
    bench.notes.append("steps of `doit release` are single runs, as the command prints them")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gb", type=float, default=None, help="size in 10^9 bytes (4)")
    parser.add_argument("--naive", type=int, default=2, help="rounds of the naive way")


if __name__ == "__main__":
    main("package_4gb", run, rounds=5, small_rounds=2, options=options)
