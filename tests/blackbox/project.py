"""A small project to release, and the commands that a user types in it, as real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_tasks.verbs.registration import ini_registration
from release_tasks.verbs.verify import verify

LIMIT_S = 600  # of any one command: against hanging for ever, on the slowest machine too
NOT_REBUILT = "REBUILD_MISSING (nothing was rebuilt yet)"
SEALABLE = f"not yet: {NOT_REBUILT}"  # `doit release` alone reaches no more; `doit reproduce` does the rest
DODO = """import release_tasks

project = release_tasks.Project("release.toml")
DOIT_CONFIG = project.doit_config
"""
TOML = """schema = 1

[release]
name = "tiny"
version = "1.0.0"
license = "Apache-2.0"
architecture = "bag of words"
bundles = ["zip", "tar"]
policy = "release_policy.yml"

[artifacts]
model = "build/model.safetensors"
tokenizer = "build/tokenizer.json"
config = "build/config.json"
quality = "build/quality.json"

[smoke]
command = ["python", "scripts/smoke.py", "{release}"]
check = "python"
reads = ["scripts/smoke.py"]

[[step]]
name = "tokenizer"
command = ["python", "scripts/tokenizer.py", "{writes}", "{reads}"]
reads = ["scripts/tokenizer.py", "data/*.txt"]
writes = ["build/tokenizer.json"]

[[step]]
name = "train"
command = ["python", "scripts/train.py", "{seed}", "{params.scale}"]
reads = ["scripts/train.py", "build/tokenizer.json"]
writes = ["build/model.safetensors", "build/config.json"]
seed = 7
params = { scale = 2 }

[[step]]
name = "evaluate"
command = ["python", "scripts/evaluate.py"]
reads = ["scripts/evaluate.py", "build/model.safetensors"]
writes = ["build/quality.json"]
"""
POLICY = """schema: 1
gates:
  weights-canonical: hard
soft_allowed: [smoke]
"""
TOKENIZER = '''"""Count the words of all texts."""
import json, pathlib, sys

words = set()
for name in sys.argv[2:]:
    if name.endswith(".txt"):
        words.update(pathlib.Path(name).read_text("utf-8").split())
vocab = {word: index for index, word in enumerate(sorted(words))}
document = {"version": "1.0", "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "?"}}
pathlib.Path(sys.argv[1]).write_text(json.dumps(document, sort_keys=True) + "\\n", "utf-8")
print("vocabulary of", len(vocab))
'''
TRAIN = '''"""Make one vector of a seed, canonical safetensors."""
import json, pathlib, struct, sys

seed, scale = int(sys.argv[1]), float(sys.argv[2])
words = len(json.loads(pathlib.Path("build/tokenizer.json").read_text("utf-8"))["model"]["vocab"])
values = [scale * seed / (index + 1) for index in range(words)]
data = struct.pack(f"<{words}f", *values)
table = {"embedding": {"dtype": "F32", "shape": [words], "data_offsets": [0, len(data)]}}
header = json.dumps(table, separators=(",", ":")).encode()
header += b" " * (-len(header) % 8)
pathlib.Path("build/model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)
pathlib.Path("build/config.json").write_text(json.dumps({"words": words}) + "\\n", "utf-8")
'''
EVALUATE = '''"""The mean of the weights, by numpy."""
import json, pathlib
import numpy

data = pathlib.Path("build/model.safetensors").read_bytes()
size = int.from_bytes(data[:8], "little")
values = numpy.frombuffer(data[8 + size:], "<f4")
pathlib.Path("build/quality.json").write_text(json.dumps({"mean": round(float(values.mean()), 6)}) + "\\n", "utf-8")
'''
SMOKE = '''"""Load what is released and print a sample."""
import json, pathlib, sys

release = pathlib.Path(sys.argv[1])
words = json.loads((release / "config.json").read_text("utf-8"))["words"]
assert (release / "model.safetensors").stat().st_size > 4 * words
print(f"def answer():\\n    return {words}")
'''


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a release.toml; paths of its files are relative."""

    root: Path

    def path(self, name: str) -> Path:
        """Absolute path of a file of the project."""
        return self.root / name

    def read(self, name: str) -> str:
        """The text of a file."""
        return self.path(name).read_text("utf-8")

    def write(self, name: str, text: str) -> None:
        """Write a file, its folders too."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, "utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace the one occurrence of a text."""
        text = self.read(name)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def run(
        self, command: Sequence[str], *, env: Mapping[str, str | None] | None = None, limit_s: float = LIMIT_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; a value of None in `env` unsets the variable."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment(env),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=limit_s,
            check=False,
        )

    def doit(
        self, *args: str, env: Mapping[str, str | None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `doit ARGS`."""
        return self.run([script("doit"), *args], env=env)

    def tasks(
        self, *args: str, env: Mapping[str, str | None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `release-tasks ARGS`."""
        return self.run([script("release-tasks"), *args], env=env)

    def git(self, *args: str) -> str:
        """Run git, which must succeed."""
        done = self.run(["git", *args])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str = "chore: change") -> str:
        """Commit everything; returns the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def start(self, *args: str, env: Mapping[str, str | None] | None = None) -> subprocess.Popen[str]:
        """Start `doit ARGS` in a process group of its own, as a shell does."""
        return subprocess.Popen(
            [script("doit"), *args],
            cwd=self.root,
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )


def script(name: str) -> str:
    """A console script of the running environment."""
    return str(Path(sys.executable).with_name(name))


def environment(changes: Mapping[str, str | None] | None) -> dict[str, str]:
    """The environment of the tests with some variables set or unset."""
    merged: dict[str, str | None] = {**os.environ, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def write_project(root: Path, *, git: bool = True) -> Project:
    """Write a project of three steps: a tokenizer, weights without numpy, a measurement with numpy."""
    project = Project(root)
    for name, text in {
        "release.toml": TOML,
        "release_policy.yml": POLICY,
        "dodo.py": DODO,
        "doit.cfg": ini_registration(),
        ".gitignore": "/.release/\n/release/\n/build/\n__pycache__/\n",
        "README.md": "A tiny model.\n",
        "data/one.txt": "alpha beta gamma\n",
        "data/two.txt": "beta delta\n",
        "scripts/tokenizer.py": TOKENIZER,
        "scripts/train.py": TRAIN,
        "scripts/evaluate.py": EVALUATE,
        "scripts/smoke.py": SMOKE,
    }.items():
        project.write(name, text)
    if git:
        project.git("init", "-q", "-b", "main")
        project.commit("chore: first")
    return project


def released_project(root: Path) -> Project:
    """A project that is frozen, committed and released."""
    return release_first(write_project(root))


def release_first(project: Project, *, env: Mapping[str, str | None] | None = None) -> Project:
    """Freeze, commit and release a project that has no release yet."""
    done = project.doit("freeze", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    project.commit("chore: freeze")
    done = project.doit("release", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def copy_project(project: Project, root: Path) -> Project:
    """A copy with its own state, as if it had been built there."""
    shutil.copytree(project.root, root, symlinks=True)
    return Project(root)


def ran(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The steps that a run has executed to their end, in order."""
    return re.findall(r"^done +(\S+)", done.stdout, re.MULTILINE)


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The closing table of `doit release` by its left column; the first row of a name counts."""
    table: dict[str, str] = {}
    for line in done.stdout.rpartition("\nrelease ")[2].join(("release ", "")).splitlines():
        name, text = line[:11].strip(), line[11:].strip()
        if name:
            table.setdefault(name, text)
    return table


def normal(text: str, project: Project) -> str:
    """A text without what differs from run to run: the project's folder, digests, seconds, processes."""
    text = text.replace(str(project.root), "ROOT")
    text = re.sub(r"\b[0-9a-f]{64}\b", "HEX64", text)
    text = re.sub(r"\b[0-9a-f]{16}\b", "HEX16", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "HEX12", text)
    text = re.sub(r" +\d+\.\d s$", " TIME", text, flags=re.MULTILINE)
    return re.sub(r"\bpid \d+", "pid N", text)


def snapshot(folder: Path) -> dict[str, tuple[int, int, int, int]]:
    """Every file and folder below with inode, size, mtime and ctime: equal means untouched."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        stat = path.lstat()
        found[path.relative_to(folder).as_posix()] = (
            stat.st_ino,
            stat.st_size,
            stat.st_mtime_ns,
            stat.st_ctime_ns,
        )
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def edit_in_disguise(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file's bytes, not its size, and put its mtime back."""
    before = path.stat()
    data = path.read_bytes()
    changed = change(data)
    assert len(changed) == len(data)
    assert changed != data
    mode = before.st_mode
    path.chmod(0o644)
    path.write_bytes(changed)
    path.chmod(mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip_last(data: bytes) -> bytes:
    """Change the last byte."""
    return data[:-1] + bytes([data[-1] ^ 1])


def safetensors(values: Sequence[float]) -> bytes:
    """A canonical file of one tensor."""
    data = struct.pack(f"<{len(values)}f", *values)
    table = {"embedding": {"dtype": "F32", "shape": [len(values)], "data_offsets": [0, len(data)]}}
    header = json.dumps(table, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def holds(project: Project, version: str = "1.0.0") -> bool:
    """Whether the release verifies, every digest recomputed; without the price of another process."""
    return verify(project.path(f"release/{version}"), root=None, tag=None, full=True, cwd=project.root).ok


def wait_for(condition: Callable[[], bool], *, limit_s: float = 30.0) -> None:
    """Wait until a condition holds; raises TimeoutError."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.02)
