"""10 steps over 1,000 files in our tool, plain doit, DVC and Snakemake: no-op, and one file changed."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measure import Bench, Case, Run, child_env, main, peer, run_child, script
from projects import commit, copy_code, doit_env, write_project
from weights import write_model

STEPS, PER_STEP = 9, 111  # nine steps read 111 files each; the tenth reads their outputs and one file: 1,000
TOML = """schema = 1

[release]
name = "graph"
version = "1.0.0"
license = "Apache-2.0"

[artifacts]
model = "model.safetensors"
tokenizer = "tokenizer.json"
config = "config.json"
extra = ["out/all.txt"]
"""


def _part(step: int) -> str:
    return f"data/{step}"


def _files(step: int) -> list[str]:
    return [f"{_part(step)}/{number:03d}.txt" for number in range(PER_STEP)]


def _outputs() -> list[str]:
    return [f"out/{step}.txt" for step in range(STEPS)]


def _joined() -> tuple[list[str], str]:
    reads = ["data/last.txt", *_outputs()]
    return reads, f"cat {' '.join(reads)} > out/all.txt"


def _data(place: Path) -> Path:
    for step in range(STEPS):
        (place / _part(step)).mkdir(parents=True)
        for name in _files(step):
            (place / name).write_text(f"{name}\n", "utf-8")
    (place / "data/last.txt").write_text("last\n", "utf-8")
    (place / "out").mkdir()
    return place


def _ours(place: Path) -> None:
    write_project(place, "")
    write_model(place, size=1 << 20, shards=1)
    text = TOML
    for step in range(STEPS):
        script_text = f"cat {_part(step)}/*.txt > out/{step}.txt"
        text += f'\n[[step]]\nname = "s{step}"\ncommand = ["sh", "-c", "{script_text}"]\n'
        text += f'reads = ["{_part(step)}/*.txt"]\nwrites = ["out/{step}.txt"]\n'
    reads, joined = _joined()
    listed = ", ".join(f'"{name}"' for name in reads)
    text += f'\n[[step]]\nname = "all"\ncommand = ["sh", "-c", "{joined}"]\n'
    text += f'reads = [{listed}]\nwrites = ["out/all.txt"]\n'
    (place / "release.toml").write_text(text, "utf-8")
    (place / ".gitignore").write_text("/.release/\n/release/\n/out/\n__pycache__/\n", "utf-8")
    commit(place)


def _plain_doit(place: Path) -> None:
    lines = ["def task_step():"]
    for step in range(STEPS):
        task = {
            "name": str(step),
            "actions": [f"cat {_part(step)}/*.txt > out/{step}.txt"],
            "file_dep": _files(step),
            "targets": [f"out/{step}.txt"],
        }
        lines.append(f"    yield {task!r}")
    reads, joined = _joined()
    last = {"name": "all", "actions": [joined], "file_dep": reads, "targets": ["out/all.txt"]}
    lines.append(f"    yield {last!r}")
    (place / "dodo.py").write_text("\n".join(lines) + "\n", "utf-8")


def _dvc(place: Path, *, folders: bool = False) -> None:
    lines = ["stages:"]
    for step in range(STEPS):
        lines += [f"  s{step}:", f"    cmd: cat {_part(step)}/*.txt > out/{step}.txt"]
        deps = [_part(step)] if folders else _files(step)
        lines += ["    deps:", *(f"    - {name}" for name in deps), "    outs:", f"    - out/{step}.txt"]
    reads, joined = _joined()
    lines += ["  all:", f"    cmd: {joined}", "    deps:", *(f"    - {name}" for name in reads)]
    lines += ["    outs:", "    - out/all.txt"]
    (place / "dvc.yaml").write_text("\n".join(lines) + "\n", "utf-8")


def _snakemake(place: Path) -> None:
    reads, joined = _joined()
    text = f"rule all:\n    input: {reads!r}\n    output: 'out/all.txt'\n    shell: {joined!r}\n"
    for step in range(STEPS):
        shell = f"cat {_part(step)}/*.txt > out/{step}.txt"
        text += f"\nrule s{step}:\n    input: {_files(step)!r}\n"
        text += f"    output: 'out/{step}.txt'\n    shell: {shell!r}\n"
    (place / "Snakefile").write_text(text, "utf-8")


def _changed(place: Path, command: Callable[[], Run]) -> Case:
    """Change one of the 1,000 files (outside the time), then run: two of the ten steps must run again."""
    numbers = itertools.count()

    def case() -> Run:
        (place / _files(4)[50]).write_text(f"change {next(numbers)}\n", "utf-8")
        run = command()
        last = (place / "out/all.txt").read_text("utf-8")
        if (place / _files(4)[50]).read_text("utf-8") not in last:
            raise AssertionError(f"{place.name} did not rebuild after the change")
        return run

    return case


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Build each tool's graph once, then let the tools take turns: first no-ops, then changes."""
    del asked
    code = copy_code(folder)
    doit, dvc, snakemake = script("doit"), peer(bench, "dvc"), peer(bench, "snakemake")
    tools: dict[str, tuple[Callable[[Path], None], list[str], dict[str, str]]] = {
        "ours": (_ours, [doit, "run", "step"], doit_env(code)),
        "plain doit": (_plain_doit, [doit], child_env()),
    }
    if dvc is not None:
        quiet = [dvc, "repro", "--quiet"]
        tools["dvc"] = (_dvc, quiet, child_env(DVC_NO_ANALYTICS="1"))
        tools["dvc, 9 folders"] = (partial(_dvc, folders=True), quiet, child_env(DVC_NO_ANALYTICS="1"))
    if snakemake is not None:
        argv = [snakemake, "--cores", "1", "--quiet", "all"]
        home = child_env(XDG_CACHE_HOME=str(folder / "cache"))
        tools["snakemake"] = (_snakemake, argv, home)
    places: dict[str, Path] = {}
    commands: dict[str, Callable[[], Run]] = {}
    for name, (write, argv, env) in tools.items():
        place = places[name] = _data(folder / name.replace(",", "").replace(" ", "-"))
        write(place)
        if name.startswith("dvc"):
            run_child([argv[0], "init", "--no-scm", "--quiet"], cwd=place, env=env)
        commands[name] = lambda argv=argv, place=place, env=env: run_child(argv, cwd=place, env=env)  # type: ignore[misc]
        bench.peers.setdefault(name, {})["command"] = " ".join([Path(argv[0]).name, *argv[1:]])
    bench.measure({f"{name}: first run": command for name, command in commands.items()}, rounds=1, warmup=0)
    bench.measure({f"{name}: no-op": command for name, command in commands.items()})
    bench.measure(
        {f"{name}: one file changed": _changed(places[name], command) for name, command in commands.items()}
    )
    for what in ("no-op", "one file changed"):
        for name in tools:
            if name != "ours":
                bench.compare(
                    f"{what}: {name} / ours",
                    f"ours: {what}",
                    lambda seconds, name=name, what=what: seconds(f"{name}: {what}"),  # type: ignore[misc]
                    inverse=True,
                )
    bench.notes.append(
        "DVC: no git, no analytics; Snakemake: default rerun triggers; ours: in a sandbox if there is one"
    )


if __name__ == "__main__":
    main("graph_1000", run, rounds=7, small_rounds=1)
