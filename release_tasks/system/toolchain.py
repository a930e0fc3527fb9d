"""The toolchain digest: interpreter, installed distributions, resolved command, for our steps our code.

An installed distribution is known by the lines of its RECORD that name files with a hash, less what depends
on where the environment stands (scripts, direct_url.json): two environments made from one lock are equal.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterable
from pathlib import Path

import release_tasks
from release_tasks.records.action_key import EXECUTOR_VERSION
from release_tasks.system.environment import search_path
from release_tasks.system.stat_key import GRANULARITY_NS
from release_tasks.system.state import StateDatabase

_OURSELVES = "release_tasks-"


def _record_files() -> list[str]:
    """RECORD files of the installed distributions, less our own (an executor version stands for it)."""
    found = []
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        try:
            names = sorted(entry.name for entry in os.scandir(folder))
        except OSError:
            continue
        found += [
            f"{folder}{os.sep}{name}{os.sep}RECORD"
            for name in names
            if name.endswith(".dist-info") and not name.startswith(_OURSELVES)
        ]
    return sorted(found)


def _relocatable(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        path, _, rest = line.strip().rpartition(",")[0].rpartition(",")
        if (
            "sha256=" not in rest
            or path.startswith(("..", "/"))
            or path.endswith(("direct_url.json", ".pyc"))
        ):
            continue
        if path.endswith((".dist-info/INSTALLER", ".dist-info/REQUESTED")):
            continue
        yield f"{path},{rest}"


def _stats(paths: Iterable[str]) -> str:
    lines = []
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - hundreds of them, on every run
        except OSError:
            lines.append(f"{path} -")
            continue
        times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
        lines.append(f"{path} {status.st_size} {times} {status.st_ino} {status.st_dev}")
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _remembered(database: StateDatabase, row: str, paths: list[str], compute: Iterable[str]) -> str:
    """Digest of the lines of `compute`, computed again only when the stat of one of `paths` moved."""
    stats = _stats(paths)
    text = database.get(row)
    if text is not None and text.startswith(stats + " "):
        return text.split(" ")[1]
    began_ns = time.time_ns()
    digest = hashlib.sha256("\n".join(compute).encode("utf-8", "surrogateescape")).hexdigest()
    if _newest(paths) < began_ns - GRANULARITY_NS:  # else an edit within this tick would never be seen
        database.put([(row, f"{stats} {digest}")])
    return digest


def _newest(paths: Iterable[str]) -> int:
    """The latest change of any of the files, in nanoseconds since 1970; 0 when there is none."""
    newest = 0
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.stat(path)  # noqa: PTH116 - hundreds of them
            newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
    return newest


def _distribution_lines(records: list[str]) -> Iterable[str]:
    for record in map(Path, records):
        yield record.parent.name
        try:
            yield from sorted(_relocatable(record.read_text("utf-8").splitlines()))
        except OSError:
            yield "no RECORD"


def _file_lines(paths: list[str], base: Path) -> Iterable[str]:
    for path in map(Path, paths):
        yield f"{path.relative_to(base).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def distributions_digest(database: StateDatabase) -> str:
    """Digest of what is installed beside the running interpreter."""
    records = _record_files()
    return _remembered(database, "toolchain/distributions", records, _distribution_lines(records))


def own_code_digest(database: StateDatabase) -> str:
    """Digest of the code, schemas and templates of release_tasks, for the steps that are ours."""
    base = Path(release_tasks.__file__).parent
    files = sorted(
        f"{folder}{os.sep}{name}"
        for folder, _, names in os.walk(base)
        if "__pycache__" not in folder
        for name in names
        if not name.endswith(".pyc")
    )
    return _remembered(database, "toolchain/own", files, _file_lines(files, base))


def pytest_plugin_digest() -> str:
    """Digest of the plugin that writes the marks of tests into their report."""
    return hashlib.sha256(Path(release_tasks.__file__).with_name("pytest_plugin.py").read_bytes()).hexdigest()


def interpreter_id() -> str:
    """Implementation, version and build of the running interpreter, without its path."""
    return f"{sys.implementation.name} {sys.version} {sysconfig.get_platform()}"


def _command_digest(database: StateDatabase, program: str, root: Path) -> str:
    if program == "python":
        return "interpreter"
    # As workers.local finds it: a bare name on the fixed PATH of commands, never on the user's.
    found = shutil.which(program, path=search_path()) if "/" not in program else None
    path = Path(found or root / program).resolve()
    if not path.is_file():
        return f"not found: {program}"
    return _remembered(
        database, f"toolchain/command/{path}", [str(path)], _file_lines([str(path)], path.parent)
    )


def user_toolchain(
    database: StateDatabase,
    *,
    libraries: str,
    program: str,
    root: Path,
    pass_: tuple[str, ...],
    numeric_id: str,
    mode: str,
) -> str:
    """Everything beside its reads that a user's command may depend on, as text for the action key.

    `libraries` is `distributions_digest`, which costs one stat for each installed distribution; `pass_` are
    the variables let through, with their values; `mode` says how undeclared reads are prevented.
    """
    values = [f"{name}={os.environ[name]}" for name in sorted(pass_) if name in os.environ]
    return "\n".join(
        (
            f"executor {EXECUTOR_VERSION}",
            interpreter_id(),
            libraries,
            _command_digest(database, program, root),
            numeric_id,
            mode,
            *values,
        )
    )


def own_toolchain(database: StateDatabase, *, libraries: str) -> str:
    """What our own steps depend on beside their reads: our code, our libraries, the interpreter."""
    return "\n".join((own_code_digest(database), libraries, interpreter_id()))
