"""Small projects for fault injection: a step of milliseconds, ways to break things, and what must still hold."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.verbs.verify import VerifyReport, verify

DOIT = Path(sys.executable).with_name("doit")
VERSION = "1.0.0"
FOLDER = f"release/{VERSION}"
STEM = f"tiny-{VERSION}"
LIMIT_S = 600.0

CONFIG = """\
schema = 1

[release]
name = "tiny"
version = "1.0.0"
license = "Apache-2.0"
bundles = ["tar", "zip"]

[artifacts]
model = "build/model.safetensors"
tokenizer = "tokenizer.json"
config = "config.json"

[[step]]
name = "make"
command = ["python", "make.py"]
reads = ["make.py", "source.txt"]
writes = ["build/model.safetensors"]
"""

# Weights out of a text, with nothing but the standard library: eight floats per character.
MAKE = """\
import json, struct
text = open("source.txt", encoding="utf-8").read()
values = [float(ord(char) + step) for char in text for step in range(8)]
payload = struct.pack(f"<{len(values)}f", *values)
tensor = {"dtype": "F32", "shape": [len(values)], "data_offsets": [0, len(payload)]}
header = json.dumps({"w": tensor}, separators=(",", ":")).encode()
header += b" " * (-len(header) % 8)
with open("build/model.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(header)) + header + payload)
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """How one command ended, and all that it said."""

    code: int
    text: str


def write_project(root: Path, *, source: str = "A", config: str = CONFIG, make: str = MAKE) -> Path:
    """Write a project that is no git repository, with one step and nothing built."""
    root.mkdir(parents=True)
    files = {
        "release.toml": config,
        "make.py": make,
        "source.txt": source,
        "dodo.py": (
            "import release_tasks\n\n"
            'project = release_tasks.Project("release.toml")\n'
            "DOITCONFIG = project.doit_config\n"
        ),
        "pyproject.toml": (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"),
        "tokenizer.json": '{"model": {"type": "BPE"}, "version": "1.0"}\n',
        "config.json": '{"layers": 2}\n',
    }
    for name, text in files.items():
        (root / name).write_text(text, "utf-8")
    return root


def doit(root: Path, *args: str, env: dict[str, str] | None = None, before: tuple[str, ...] = ()) -> Run:
    """Run `doit ARGS` in the project, `before` standing before it (strace, taskset); stderr goes into the text."""
    done = subprocess.run(
        [*before, str(DOIT), *args],
        cwd=root,
        env=dict(os.environ) if env is None else env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Run(code=done.returncode, text=done.stdout)


def release(root: Path) -> Run:
    """Freeze what is there now and release it; both must succeed."""
    frozen = doit(root, "freeze", "--update")
    assert frozen.code == 0, frozen.text
    done = doit(root, "release")
    assert done.code == 0, done.text
    return done


def checked(path: Path) -> VerifyReport:
    """Verify in this process, both digests of every file and every tensor."""
    return verify(path, root=None, tag=None, full=True, cwd=path.parent)


def exact_root(root: Path) -> str:
    """The exact_root of the project's release, which must verify."""
    report = checked(root / FOLDER)
    assert report.ok, report.problems
    return str(report.exact_root)


def root_of(root: Path) -> str:
    """The root of the project's release, which must verify."""
    report = checked(root / FOLDER)
    assert report.ok, report.problems
    return str(report.root)


def copy_project(source: Path, target: Path) -> Path:
    """Copy a project with its state, times and modes."""
    shutil.copytree(source, target, symlinks=True)
    return target


def broken_bundles(root: Path) -> list[str]:
    """What is wrong with the bundles that are there: each must verify, and its .sha256 must be about it."""
    wrong = []
    for kind in ("tar", "zip"):
        bundle = root / "release" / f"{STEM}.{kind}"
        if not bundle.exists():
            continue
        try:
            report = checked(bundle)
        except ReleaseError as error:
            wrong.append(f"{bundle.name}: {error.what}")
            continue
        wrong += [f"{bundle.name}: {problem.code} {problem.path}" for problem in report.problems]
        sums = bundle.with_name(bundle.name + ".sha256")
        line = f"{hashlib.sha256(bundle.read_bytes()).hexdigest()}  {bundle.name}\n"
        if sums.exists() and sums.read_text("utf-8") != line:
            wrong.append(f"{sums.name} speaks of other bytes")
    return wrong


def leftovers(root: Path) -> list[str]:
    """Files and folders that only a broken run leaves behind."""
    found = [path for path in (root / "release").iterdir() if path.name.startswith(".")]
    found += list((root / ".release").rglob("*.tmp"))
    staging = root / ".release" / "staging"
    found += list(staging.iterdir()) if staging.exists() else []
    found += list(root.glob("build/.*"))
    progress = root / ".release" / "progress"
    found += list(progress.iterdir()) if progress.exists() else []
    return sorted(path.relative_to(root).as_posix() for path in found if path.name != ".rejected")


def remove(path: Path) -> None:
    """Remove a project outside pytest's own folders, which pytest does not clean."""
    shutil.rmtree(path)


def forge_digest(root: Path, path: str, data: bytes) -> None:
    """Make the index say that the file as it is now on the disk holds `data`, with a valid checksum of the row."""
    status = (root / path).stat()
    later = max(status.st_mtime_ns, status.st_ctime_ns) + 1_000_000_000
    key = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev, later)
    value = f"{' '.join(map(str, key))} {hashlib.sha256(data).hexdigest()}"
    row = f"file/{path}"
    seal = hashlib.blake2b(f"{row}\0{value}".encode(), digest_size=8).digest()
    with sqlite3.connect(root / ".release/index.sqlite") as connection:
        assert connection.execute("SELECT 1 FROM state WHERE key = ?", (row,)).fetchone()
        connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (row, value, seal))
    connection.close()


def edit_unseen(path: Path, data: bytes) -> None:
    """Replace the bytes of a file by as many others and give it its old mtime back."""
    before = path.stat()
    assert len(data) == before.st_size
    with path.open("r+b") as stream:
        stream.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def until(condition: Callable[[], bool], *, limit_s: float = 60.0) -> None:
    """Wait for a condition; the test fails when it does not come true in time."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def running() -> set[int]:
    """Process ids that are there now, those that only wait to be collected left out (Linux)."""
    return set(_processes())


def descendants(pid: int) -> dict[int, str]:
    """Command lines of all processes below one, by process id (Linux)."""
    processes = _processes()
    found = {pid}
    for _ in processes:
        found |= {child for child, (parent, _) in processes.items() if parent in found}
    return {child: processes[child][1] for child in found - {pid} if child in processes}


def _processes() -> dict[int, tuple[int, str]]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()[:2]
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except (OSError, ValueError):
            continue
        if state not in "ZX":
            found[int(folder.name)] = (int(parent), line)
    return found
