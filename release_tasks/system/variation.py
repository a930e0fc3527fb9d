"""What is varied when a command runs again, and what cannot be varied on this machine, found by effect."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from release_tasks.records.frozen_record import frozen
from release_tasks.records.variation import DEFAULT, ordered
from release_tasks.system.environment import PROBE_FOLDER, search_path
from release_tasks.system.process import run_child
from release_tasks.system.surroundings import Surroundings
from release_tasks.system.varied import (
    CLOCK_AHEAD_S,
    PERTURB,
    faketime_library,
    other_locales,
    own_cpus,
    vary,
)
from release_tasks.system.wrapping import inner_words, outer_words

_ANYWHERE = frozenset({"path", "home", "hash-seed", "hostile-environment"})
_POSIX = frozenset({"timezone", "locale", "umask"})
_BY_SANDBOX = frozenset({"user", "hostname"})
_LIMIT_S = 30
_NO_RANDOM_ADDRESSES = 0x0040000  # ADDR_NO_RANDOMIZE, personality(2)
_FRESH_MEMORY = """import ctypes
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
print(ctypes.string_at(malloc(4096), 64).hex())"""
# Versions of faketime differ in what they break; a wait that never ends meets the time limit of the trial.
_WAIT = "import threading, time; time.sleep(0.001); threading.Event().wait(0.001); print(time.time())"
# Where sin of glibc >= 2.28 differs between its FMA and its plain version, as the numeric probe knows it.
_SINE = "import math; print(math.sin(float.fromhex('0x1.6340451d66178p+3')).hex())"


@frozen
class Variation:
    """What is different for every command of a run; rounds from 1 on choose different values."""

    names: frozenset[str] = DEFAULT
    round: int = 1


def unavailable(names: Iterable[str], *, boxed: bool) -> tuple[tuple[str, str], ...]:
    """Which of `names` cannot be varied here and why, in the order of the table.

    `boxed`: the command runs in the sandbox, which needs no further tool for names and users. Whatever needs
    a tool is tried out, once per process.
    """
    found = ((name, _why_not(name, boxed)) for name in ordered(frozenset(names)))
    return tuple((name, why) for name, why in found if why is not None)


class _NotHereError(Exception):
    """A variation cannot be had; the text says why."""


@functools.cache
def _why_not(name: str, boxed: bool) -> str | None:  # noqa: FBT001 - functools.cache tells keywords apart
    if name in _ANYWHERE:
        return None
    if name in _POSIX and sys.platform == "win32":
        return "it needs a POSIX system, this is win32"
    if name not in _POSIX and sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    if name not in _TRIALS or (boxed and name in _BY_SANDBOX):
        return None
    try:
        _TRIALS[name](boxed)
    except _NotHereError as error:
        return str(error)
    return None


def _needs(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool, path=search_path()) is None]
    if missing:
        raise _NotHereError(f"not installed: {', '.join(missing)}")


def _try(words: list[str], tool: str, *, env: Mapping[str, str] | None = None) -> str:
    """The stdout of a trial, or _NotHereError with what it said."""
    environment = {"PATH": search_path(), **(env or {})}
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, env=environment, timeout=_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        raise _NotHereError(f"{tool} does not work here (no end after {_LIMIT_S} s)") from None
    if done.returncode != 0:
        raise _NotHereError(_refused(tool, done.stderr, done.returncode))
    return done.stdout.strip()


def _refused(tool: str, said: str, code: int) -> str:
    lines = said.strip().splitlines()
    return f"{tool} does not work here ({lines[0] if lines else f'exit code {code}'})"


def _wanted(*, seen: bool, tool: str) -> None:
    if not seen:
        raise _NotHereError(f"{tool} has no effect here")


def _unboxed(surroundings: Surroundings) -> list[str]:
    return outer_words(surroundings, boxed=False, work=Path("/"), mirror=Path("/"))


def _try_user(_boxed: bool) -> None:  # noqa: FBT001 - one signature for all trials
    _needs("unshare")
    other = vary({"user"}, 1)
    said = _try([*_unboxed(other), "id", "-u"], "unshare")
    _wanted(seen=said == str(other.uid), tool="unshare")


def _try_hostname(_boxed: bool) -> None:  # noqa: FBT001
    _needs("unshare", "hostname")
    other = vary({"hostname"}, 1)
    said = _try([*_unboxed(other), "uname", "-n"], "unshare")
    _wanted(seen=said == other.hostname, tool="unshare")


def _try_locale(_boxed: bool) -> None:  # noqa: FBT001
    _needs("locale")
    if not other_locales():
        raise _NotHereError("the system has no other locale")


def _try_cpus(_boxed: bool) -> None:  # noqa: FBT001
    _needs("taskset")
    if not own_cpus():
        raise _NotHereError("the machine has one CPU")
    own = os.sched_getaffinity(0)
    words = inner_words(vary({"cpus"}, 1))
    code = "import os; print(*sorted(os.sched_getaffinity(0)))"
    said = _try([*words, sys.executable, "-I", "-S", "-c", code], "taskset")
    _wanted(seen=set(map(int, said.split())) != own, tool="taskset")


def _try_directory_order(boxed: bool) -> None:  # noqa: FBT001
    """Mount a mirror as for a command, and see whether a folder is listed in another order."""
    _needs("disorderfs", "unshare", *(() if boxed else ("mount",)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        work, mirror, answer, log = (folder / part for part in ("work", "mirror", "answer", "log"))
        for made in (work, mirror):
            made.mkdir()
        for number in range(3):
            (work / f"file-{number}").touch()
        words = outer_words(vary({"directory-order"}, 1), boxed=boxed, work=work, mirror=mirror)
        shown = f"{mirror}{work}" if boxed else "."
        if boxed:
            words += ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--"]
        environment = {"PATH": os.pathsep.join((search_path(), os.environ.get("PATH", "")))}
        line = [*words, "ls", "-U", shown]
        ended = run_child(line, cwd=work, env=environment, log=log, answer=answer, timeout_s=_LIMIT_S)
        if ended.code != 0:
            raise _NotHereError(_refused("disorderfs", log.read_text("utf-8", "replace"), ended.code))
        plain = [entry.name for entry in os.scandir(work)]
        _wanted(seen=answer.read_text().split() == plain[::-1], tool="disorderfs")


def _try_clock(boxed: bool) -> None:  # noqa: FBT001
    _needs("faketime", "env", *(() if boxed else ("unshare", "mount")))
    if faketime_library() is None:
        raise _NotHereError("faketime does not name its library")
    other = vary({"clock"}, 1)
    words = inner_words(other) if boxed else [*_unboxed(other), *inner_words(other)]
    said = _try([*words, sys.executable, "-c", _WAIT], "faketime", env={"PYTHONPATH": str(PROBE_FOLDER)})
    _wanted(seen=float(said) - time.time() > CLOCK_AHEAD_S[0] // 2, tool="faketime")


def _try_aslr(_boxed: bool) -> None:  # noqa: FBT001
    _needs("setarch")
    said = _try([*inner_words(vary({"aslr"}, 1)), "cat", "/proc/self/personality"], "setarch")
    _wanted(seen=bool(int(said, 16) & _NO_RANDOM_ADDRESSES), tool="setarch")


def _try_malloc(_boxed: bool) -> None:  # noqa: FBT001
    variables = dict(vary({"malloc"}, 1).variables)
    said = _try([sys.executable, "-I", "-S", "-c", _FRESH_MEMORY], "malloc", env=variables)
    _wanted(seen=set(bytes.fromhex(said)) == {PERTURB[0] ^ 0xFF}, tool="MALLOC_PERTURB_")


def _try_cpu_features(_boxed: bool) -> None:  # noqa: FBT001
    line = [sys.executable, "-I", "-S", "-c", _SINE]
    plain, other = (_try(line, "python", env=env) for env in ({}, dict(vary({"cpu-features"}, 1).variables)))
    _wanted(seen=plain != other, tool="GLIBC_TUNABLES")


_TRIALS: Mapping[str, Callable[[bool], None]] = {
    "user": _try_user,
    "hostname": _try_hostname,
    "locale": _try_locale,
    "cpus": _try_cpus,
    "directory-order": _try_directory_order,
    "clock": _try_clock,
    "still-clock": _try_clock,
    "aslr": _try_aslr,
    "malloc": _try_malloc,
    "cpu-features": _try_cpu_features,
}
