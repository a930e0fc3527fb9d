"""Whatever makes a step come out otherwise is caught by `doit reproduce`, and --explain names the cause."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from project import Project, release_first, write_project

from release_tasks.system.sandbox import why_not
from release_tasks.system.variation import unavailable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="most variations need Linux")


class Plant(NamedTuple):
    """A line that makes a text `made` for an output, the cause that is to be named, and how it is found."""

    code: str
    cause: str
    needs: str = ""  # a variation without which nobody sees it
    lint: str = ""  # the rule of the recipe lint that points to it, with its line
    because: str = ""


_ALONE = "the variation {} alone changes it"
_STILL = "it differs from run to run, and repeats itself under {}"
_RANDOM = "it differs from run to run, also under still-clock, malloc, aslr, cpus"
_MALLOC = """import ctypes
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
made = ctypes.string_at(malloc(100000), 64).hex()"""
# Dozens of float32 products by the kernels of Haswell, whose bits depend on how many threads share the work.
_GEMM = """import hashlib, os
os.environ["OPENBLAS_CORETYPE"] = "Haswell"
os.environ["OPENBLAS_NUM_THREADS"] = str(len(os.sched_getaffinity(0)))
import numpy
made, draw = "", numpy.random.default_rng(7)
for _ in range(60):
    m, k, n = (int(size) for size in draw.integers(8, 400, 3))
    left, right = (draw.random(shape).astype("<f4") - numpy.float32(0.5) for shape in ((m, k), (k, n)))
    made += hashlib.sha256((left @ right).tobytes()).hexdigest() + "\\n" """
_METADATA = """import numpy, pathlib, safetensors.numpy
keys = {f"key-{index}": str(index) for index in range(8)}
made = safetensors.numpy.save({"x": numpy.arange(4, dtype="<f4")}, metadata=keys)
pathlib.Path("build/metadata.safetensors").write_bytes(made)"""
_STAMPED = """import time
made = '{"made": {"at": ' + str(time.time()) + ', "by": "planted"}, "size": 3}'"""

PLANTS = {
    "clock": Plant("import time; made = str(time.time())", "clock", "still-clock", "clock", _STILL),
    "date": Plant(
        "import datetime; made = datetime.date.today().isoformat()", "clock", "clock", "clock", _ALONE
    ),
    "stamped": Plant(_STAMPED, "clock", "still-clock", "clock", _STILL),
    "sets": Plant(
        "made = ','.join({'alpha', 'beta', 'gamma', 'delta'})", "hash-seed", "hash-seed", "set-order", _ALONE
    ),
    "hash": Plant("made = str(hash('alpha'))", "hash-seed", "hash-seed", "salted-hash", _ALONE),
    "listing": Plant(
        "import os; made = ','.join(os.listdir('data'))",
        "directory-order",
        "directory-order",
        "listing-order",
        _ALONE,
    ),
    "gemm": Plant(_GEMM, "threads", "cpus", "", _ALONE),
    "randn": Plant(
        "import numpy; made = numpy.random.RandomState(7).randn(100000).tobytes().hex()",
        "rng",
        "cpu-features",
        "legacy-numpy-random",
        _ALONE,
    ),
    "memory": Plant(_MALLOC, "uninitialised-memory", "malloc", "", _ALONE),
    "empty": Plant(
        "import numpy; made = numpy.empty(3000, dtype='u1').tobytes().hex()",
        "uninitialised-memory",
        "malloc",
        "uninitialised-memory",
    ),
    "address": Plant("made = hex(id(object()))", "addresses", "aslr", "", _STILL),
    "entropy": Plant("import os; made = os.urandom(4).hex()", "rng", "", "entropy", _RANDOM),
    "uuid": Plant("import uuid; made = uuid.uuid4().hex", "rng", "", "entropy", _RANDOM),
    "metadata": Plant(_METADATA, "metadata-order"),
    "hostname": Plant(
        "import socket; made = socket.gethostname()", "hostname", "hostname", "host-identity", _ALONE
    ),
    "umask": Plant(
        "import os; open('build/probe', 'w').close(); made = oct(os.stat('build/probe').st_mode)",
        "umask",
        "umask",
        "",
        _ALONE,
    ),
    "timezone": Plant(
        "import time; made = time.strftime('%H', time.localtime(0))", "time-zone", "timezone", "", _ALONE
    ),
    "user": Plant("import getpass; made = getpass.getuser()", "user", "user", "", _ALONE),
    "home": Plant("import os; made = os.path.expanduser('~')", "home", "home", "", _ALONE),
    "path": Plant("import os; made = os.getcwd()", "build-path", "path", "", _ALONE),
    "locale": Plant("import os; made = os.environ['LC_ALL']", "locale", "locale", "", _ALONE),
}
# What looks like a secret is refused: a checksum stands for the text, but where its form matters.
_WRITE = """
import pathlib, zlib
if isinstance(made, str):
    made = made if made.startswith("{{") else f"{{zlib.crc32(made.encode())}}\\n"
    pathlib.Path("build/{name}.{kind}").write_text(made, "utf-8")
"""
_STEP = """
[[step]]
name = "{name}"
command = ["python", "plants/a_{name}.py"]
reads = ["plants/a_{name}.py"{reads}]
writes = ["build/{name}.{kind}"]
"""
_KINDS = {"metadata": "safetensors", "stamped": "json"}


def kind(name: str) -> str:
    return _KINDS.get(name, "txt")


def plant(project: Project, plants: dict[str, str], *, reads: dict[str, str] | None = None) -> None:
    """Add a step for each plant, whose output is released as an extra file."""
    extra = ", ".join(f'"build/{name}.{kind(name)}"' for name in plants)
    project.replace(
        "release.toml", 'quality = "build/quality.json"', f'quality = "build/quality.json"\nextra = [{extra}]'
    )
    steps = ""
    for name, code in plants.items():
        more = "".join(f', "{path}"' for path in (reads or {}).get(name, "").split())
        steps += _STEP.format(name=name, reads=more, kind=kind(name))
        project.write(f"plants/a_{name}.py", f"{code}\n{_WRITE.format(name=name, kind=kind(name))}")
    project.write("release.toml", project.read("release.toml") + steps)
    project.commit("plants")


def explained(project: Project, *args: str, env: dict[str, str | None] | None = None) -> dict[str, Any]:
    """The report of `doit reproduce --explain`, which must say that something differs."""
    done = project.doit("reproduce", "--explain", "--json", *args, env=env)
    assert done.returncode == 1, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@functools.cache
def threads_show() -> bool:
    """Whether one thread and all give other bits here: some machines have one CPU, or other kernels."""
    cpus = sorted(os.sched_getaffinity(0))
    line = [sys.executable, "-c", f"{_GEMM}\nprint(made)"]
    single = subprocess.run(
        ["taskset", "-c", str(cpus[0]), *line], capture_output=True, text=True, check=True
    )
    return single.stdout != subprocess.run(line, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One released project with a step for every plant; no numeric profile, so that threads are free."""
    project = write_project(tmp_path_factory.mktemp("planted") / "project")
    plant(project, {name: item.code for name, item in PLANTS.items()}, reads={"listing": "data/*.txt"})
    project.write("release.toml", project.read("release.toml") + '\n[environment]\nnumeric = "none"\n')
    project.replace("release_policy.yml", "weights-canonical: hard", "weights-canonical: soft")
    project.commit("no profile")
    return release_first(project)


@pytest.fixture(scope="module")
def report(planted: Project) -> dict[str, Any]:
    """What --explain finds in it, all plants at once: each step has a cause of its own."""
    return explained(planted, "--vary", "+cpu-features")


def test_every_planted_step_is_caught_and_no_other(report: dict[str, Any]) -> None:
    outcomes = {step["name"].removeprefix("step:"): step["outcome"] for step in report["steps"]}
    assert {name: outcomes.pop(name) for name in ("tokenizer", "train", "evaluate")} == {
        "tokenizer": "match",
        "train": "match",
        "evaluate": "match",
    }
    caught = {name for name, outcome in outcomes.items() if outcome == "mismatch"}
    missed = {name for name in PLANTS if name not in caught}
    assert missed <= hidden()
    differing = {file["path"] for file in report["files"] if file["outcome"] == "mismatch"}
    assert {f"{name}.{kind(name)}" for name in caught} <= differing
    (first, *others) = report["diagnosis"]
    assert first["first"]
    assert first["step"] == next(s["name"] for s in report["steps"] if s["outcome"] == "mismatch")
    assert not any(item["first"] for item in others)
    assert report["level"]["number"] is None


def hidden() -> set[str]:
    """Plants that nobody can see on this machine, because what shows them is not to be had."""
    missing = dict(unavailable({item.needs for item in PLANTS.values()} - {""}, boxed=why_not() is None))
    names = {name for name, item in PLANTS.items() if item.needs in missing and item.because == _ALONE}
    return names if threads_show() else names | {"gemm"}


@pytest.mark.parametrize("name", PLANTS)
def test_its_cause_is_named(name: str, planted: Project, report: dict[str, Any]) -> None:
    item = PLANTS[name]
    missing = dict(unavailable({item.needs} - {""}, boxed=why_not() is None))
    if item.needs in missing:
        pytest.skip(f"{item.needs} is not to be had here: {missing[item.needs]}")
    if name == "gemm" and not threads_show():
        pytest.skip("one thread and all give the same bits here")
    (found,) = [entry for entry in report["diagnosis"] if entry["step"] == f"step:{name}"]
    told = found["findings"][0]["because"]
    assert [entry["cause"] for entry in found["findings"]] == [item.cause], told
    assert told.startswith(item.because.format(item.needs)), told
    if item.lint:
        assert re.search(rf"the recipe lint points to plants/a_{name}\.py:\d+ \({item.lint}\)$", told), told
    assert [difference["name"] for difference in found["differences"]] == [f"build/{name}.{kind(name)}"]
    assert found["trials"] <= 16


def test_what_diffoscope_says_is_attached(planted: Project, report: dict[str, Any]) -> None:
    assert report["diagnosis"]
    folder = planted.path("release/1.0.0.attestations")
    text = (folder / "rebuild.md").read_text("utf-8")
    told = folder / "rebuild.diffoscope.txt"
    assert told.is_file() == ("rebuild.diffoscope.txt" in text) == (shutil.which("diffoscope") is not None)
    if told.is_file():
        assert "hostname.txt" in told.read_text("utf-8")


_UNDECLARED = {
    "read": "made = open('{notes}').read()",
    "perhaps": "import os; made = 'found' if os.path.exists('{notes}') else 'none'",
    "fetched": """import os, socket
with socket.create_connection(("127.0.0.1", {port}), timeout=10) as connection:
    made = connection.recv(100).decode()""",
}


@contextmanager
def greeting_server() -> Iterator[int]:
    """A port of this machine where a word is to be had."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_greet, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        socket.create_connection(server.getsockname()).close()
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def _greet(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"hello")


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose steps reached for what they do not declare, and is gone; released without a sandbox."""
    folder = tmp_path_factory.mktemp("loose")
    project = write_project(folder / "project")
    notes = folder / "notes.txt"
    notes.write_text("known here only")
    with greeting_server() as port:
        plant(project, {name: code.format(notes=notes, port=port) for name, code in _UNDECLARED.items()})
        release_first(project, env=without_sandbox(folder))
    notes.unlink()
    return project


def without_sandbox(folder: Path) -> dict[str, str | None]:
    """A search path that has git and no bubblewrap."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    git = shutil.which("git")
    assert git is not None
    if not (tools / "git").exists():
        (tools / "git").symlink_to(git)
    return {"PATH": str(tools)}


@pytest.mark.parametrize("sandbox", [True, False])
def test_what_was_reached_for_and_not_declared(loose: Project, *, sandbox: bool) -> None:
    if sandbox and why_not() is not None:
        pytest.skip(f"no sandbox here: {why_not()}")
    report = explained(loose, env=None if sandbox else without_sandbox(loose.root.parent))
    told = {item["step"]: item for item in report["diagnosis"]}
    assert list(told) == ["step:read", "step:perhaps", "step:fetched"]
    findings = {name: (item["findings"], item["trials"]) for name, item in told.items()}
    ((read,), read_trials), ((perhaps,), perhaps_trials), ((fetched,), fetched_trials) = findings.values()
    assert (read["cause"], perhaps["cause"], fetched["cause"]) == (
        "undeclared-input",
        "undeclared-input",
        "network",
    )
    assert read["because"] == (
        "it fails without a file that it does not declare: "
        f"FileNotFoundError: [Errno 2] No such file or directory: '{loose.root.parent / 'notes.txt'}'"
    )
    assert perhaps["because"] == (
        "it repeats itself here, and is not what was released; "
        "the first build was not kept from other files and the network"
    )
    assert fetched["because"].startswith("it fails without the network: ConnectionRefusedError: ")
    assert (read_trials, perhaps_trials, fetched_trials) == (1, 4, 1)


@pytest.mark.skipif(why_not() is not None, reason="no sandbox here")
def test_with_the_sandbox_the_first_build_fails_already(fresh: Project) -> None:
    fresh.write("local/notes.txt", "known here only")
    plant(fresh, {"read": _UNDECLARED["read"].format(notes="local/notes.txt")})
    done = fresh.doit("freeze")
    assert done.returncode == 2
    assert "local/notes.txt" in done.stdout + done.stderr


def test_what_another_machine_would_change_is_told_beforehand(fresh: Project) -> None:
    """Draws of float32 depend on the C library alone: nothing here can vary it, and the gate names the line."""
    draws = "import numpy; made = str(numpy.random.default_rng(7).standard_normal(9, dtype=numpy.float32))"
    plant(fresh, {"draws": draws})
    release_first(fresh)
    done = fresh.doit("reproduce", "--json", "--vary", "+cpu-features")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "RECIPE_NONDETERMINISTIC plants/a_draws.py:1:" in fresh.doit("release", "--verbose").stdout
