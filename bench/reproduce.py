"""`doit reproduce` after a change, with nothing to do and in full, against the work that it stands for."""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
from pathlib import Path

from measure import Bench, Run, main, run_and_read, run_child, script
from projects import bundled_clone, commit, copy_code, doit_env, write_project

ALLOWANCE_S = 1.0  # what reproducing one touched step may cost above the step itself
NOOP_LIMIT = 5.0
FULL_LIMIT = 1.3
TURNS = 2_200_000  # of SHA-256: about a second of a step
TOML = """schema = 1

[release]
name = "spun"
version = "1.0.0"
license = "Apache-2.0"

[artifacts]
model = "build/model.safetensors"
tokenizer = "build/tokenizer.json"
config = "build/config.json"
quality = "build/quality.json"

[[step]]
name = "tokenizer"
command = ["python", "scripts/tokenizer.py", "{writes}"]
reads = ["scripts/tokenizer.py", "scripts/spin.py"]
writes = ["build/tokenizer.json"]

[[step]]
name = "train"
command = ["python", "scripts/train.py"]
reads = ["scripts/train.py", "scripts/spin.py", "build/tokenizer.json"]
writes = ["build/model.safetensors", "build/config.json"]

[[step]]
name = "lengths"
command = ["python", "scripts/describe.py", "{writes}"]
reads = ["scripts/describe.py", "scripts/spin.py", "build/model.safetensors"]
writes = ["build/lengths.json"]

[[step]]
name = "norms"
command = ["python", "scripts/describe.py", "{writes}"]
reads = ["scripts/describe.py", "scripts/spin.py", "build/model.safetensors"]
writes = ["build/norms.json"]

[[step]]
name = "evaluate"
command = ["python", "scripts/evaluate.py", "{writes}"]
reads = ["scripts/evaluate.py", "scripts/spin.py", "build/model.safetensors"]
writes = ["build/quality.json"]
"""
SPIN = f'''"""Work of a known cost."""
import hashlib


def spin(word):
    digest = word.encode()
    for _ in range({TURNS}):
        digest = hashlib.sha256(digest).digest()
    return digest
'''
TOKENIZER = """import json, pathlib, sys
from spin import spin

vocab = {word: index for index, word in enumerate(sorted({f"{byte:02x}" for byte in spin("tokenizer")}))}
document = {"version": "1.0", "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "?"}}
pathlib.Path(sys.argv[1]).write_text(json.dumps(document, sort_keys=True) + "\\n", "utf-8")
"""
TRAIN = """import json, pathlib, struct
from spin import spin

digest = spin(pathlib.Path("build/tokenizer.json").read_text("utf-8"))
data = struct.pack("<32f", *(byte / 256 for byte in digest))
table = {"w": {"dtype": "F32", "shape": [32], "data_offsets": [0, 128]}}
header = json.dumps(table, separators=(",", ":")).encode()
header += b" " * (-len(header) % 8)
pathlib.Path("build/model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)
pathlib.Path("build/config.json").write_text(json.dumps({"words": 32}) + "\\n", "utf-8")
"""
DESCRIBE = """import json, pathlib, sys
from spin import spin

path = pathlib.Path(sys.argv[1])
path.write_text(json.dumps({path.stem: spin(path.stem).hex()}) + "\\n", "utf-8")
"""
EVALUATE = """import json, pathlib, sys
from spin import spin

pathlib.Path(sys.argv[1]).write_text(json.dumps({"mean": spin("EDITION")[0] / 256}) + "\\n", "utf-8")
"""
TOUCHED = "step:evaluate"
STEPS = 5


class Project:
    """Five steps of about a second each, one of which can be changed; released anew after each change."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.root = write_project(folder / "spun", TOML)
        self._env = env
        self._clone = folder / "clone"
        self._editions = itertools.count()
        scripts = self.root / "scripts"
        scripts.mkdir()
        for name, text in {
            "spin": SPIN,
            "tokenizer": TOKENIZER,
            "train": TRAIN,
            "describe": DESCRIBE,
        }.items():
            (scripts / f"{name}.py").write_text(text, "utf-8")
        self.touch()
        self.reproduce(builds=STEPS)

    def touch(self) -> Run:
        """Change one step, freeze, commit and release; returns what the step itself took."""
        edition = f"edition {next(self._editions)}"
        (self.root / "scripts/evaluate.py").write_text(EVALUATE.replace("EDITION", edition), "utf-8")
        self._doit("freeze", "--update")
        commit(self.root)
        self._doit("release")
        return Run(seconds=_step_seconds(self.root / ".release/records/step-evaluate.json"))

    def reproduce(self, *words: str, builds: int) -> Run:
        """Reproduce the release, which must build as many steps as are told."""
        run, said = run_and_read([script("doit"), "reproduce", *words], cwd=self.root, env=self._env)
        if said.count("build   ") != builds or ": reproduced" not in said:
            raise AssertionError(f"doit reproduce did not build {builds} steps:\n{said}")
        return run

    def from_scratch(self) -> Run:
        """`doit release` in a fresh clone: what a rebuild costs without records."""
        shutil.rmtree(self._clone, ignore_errors=True)
        subprocess.run(["git", "clone", "-q", str(self.root), str(self._clone)], check=True)
        return run_child([script("doit"), "release"], cwd=self._clone, env=self._env, says="accepted")

    def noop(self) -> Run:
        """`doit release` with nothing to do."""
        return run_child([script("doit"), "release"], cwd=self.root, env=self._env, says="none run")

    def after_touch(self, *words: str, builds: int) -> Run:
        """Reproduce after a change, which does not count."""
        self.touch()
        return self.reproduce(*words, builds=builds)

    def _doit(self, *words: str) -> None:
        run_child([script("doit"), *words], cwd=self.root, env=self._env)


def _step_seconds(*records: Path) -> float:
    return float(sum(json.loads(record.read_text("utf-8"))["seconds"] for record in records))


def one_touched(bench: Bench, project: Project) -> None:
    """One step of five changed: it alone runs again, beside all of them and a first build."""
    bench.measure(
        {
            "the touched step itself, first build": project.touch,
            "doit reproduce, one step touched": lambda: project.after_touch(builds=1),
            "doit reproduce --all, 5 steps": lambda: project.after_touch("--all", builds=STEPS),
            "doit release in a fresh clone, 5 steps": project.from_scratch,
        }
    )
    touched = "doit reproduce, one step touched"
    bench.compare(
        "reproduce, one step touched / (that step + 1 s)",
        touched,
        lambda seconds: seconds("the touched step itself, first build") + ALLOWANCE_S,
        at_most=1.0,
    )
    for name in ("doit reproduce --all, 5 steps", "doit release in a fresh clone, 5 steps"):
        bench.compare(
            f"reproduce, one step touched / {name}", touched, lambda seconds, name=name: seconds(name)
        )


def nothing_changed(bench: Bench, title: str, place: Path, env: dict[str, str]) -> None:
    """All steps on record, against a release that has nothing to do."""
    release, reproduce = f"doit release, nothing to do, {title}", f"doit reproduce, all on record, {title}"
    doit = script("doit")
    bench.measure(
        {
            release: lambda: run_child([doit, "release"], cwd=place, env=env, says="none run"),
            reproduce: lambda: run_child(
                [doit, "reproduce"], cwd=place, env=env, says="reproduced, by rebuilds on record"
            ),
        }
    )
    bench.compare(
        f"reproduce, all on record / no-op release, {title}",
        reproduce,
        lambda seconds: seconds(release),
        at_most=NOOP_LIMIT,
    )


def in_full(bench: Bench, folder: Path, code: Path, env: dict[str, str]) -> Path:
    """The bundled model built once and rebuilt in full once; returns where."""
    place = bundled_clone(folder, code)
    doit = script("doit")
    first, steps, full = "first doit release", "its exact steps alone", "doit reproduce --all"

    def exact_steps() -> Run:
        records = (place / ".release/records").glob("step-*.json")
        return Run(seconds=_step_seconds(*records))

    for name, case in {
        first: lambda: run_child([doit, "release"], cwd=place, env=env, says="accepted"),
        steps: exact_steps,
        full: lambda: run_child([doit, "reproduce", "--all"], cwd=place, env=env, says=": reproduced"),
    }.items():
        bench.measure({f"{name}, bundled": case}, rounds=1, warmup=0)
    for of, limit in ((first, FULL_LIMIT), (steps, None)):
        bench.compare(
            f"reproduce --all / {of}, bundled",
            f"{full}, bundled",
            lambda seconds, of=of: seconds(f"{of}, bundled"),
            at_most=limit,
        )
    return place


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Measure whole processes, start of the interpreter included."""
    code = copy_code(folder)
    env = doit_env(code)
    project = Project(folder, env)
    one_touched(bench, project)
    project.touch()
    project.reproduce(builds=1)
    nothing_changed(bench, "5 steps", project.root, env)
    if asked.small:
        bench.notes.append("small: the bundled model was not built")
        return
    nothing_changed(bench, "bundled", in_full(bench, folder, code, env), env)
    bench.notes.append(
        "the first release of the bundled model also tests, measures parity and benchmarks; the time of its "
        "exact steps alone is what .release/records/step-*.json say"
    )


if __name__ == "__main__":
    main("reproduce", run, rounds=7, small_rounds=2, warmup=1)
