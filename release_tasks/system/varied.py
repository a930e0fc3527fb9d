"""Other surroundings for a command: each value is a function of the round, and none is the ordinary one."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from release_tasks.system.environment import Profile, profile_environment, search_path
from release_tasks.system.surroundings import ORDINARY, Surroundings

_Value = TypeVar("_Value")
PERTURB = (85, 170)  # MALLOC_PERTURB_: freed memory is filled with it, fresh memory with its complement
CLOCK_AHEAD_S = (34_410_180, 126_290_220)  # 398 d 6 h 23 min, as Debian's second build; 1461 d 16 h 37 min
STILL_AT = ("2031-02-03 04:05:06", "2019-11-10 09:08:07")
_AMBIENT: Mapping[str, str] = {
    "OPENBLAS_NUM_THREADS": "64",
    "OPENBLAS_CORETYPE": "Prescott",
    "OMP_NUM_THREADS": "64",
    "OMP_SCHEDULE": "dynamic",
    "MKL_NUM_THREADS": "64",
    "MKL_CBWR": "AVX2",
    "NPY_ENABLE_CPU_FEATURES": "SSE41",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    "LD_LIBRARY_PATH": "/nonexistent/hostile",
    "LD_BIND_NOW": "1",
    "PYTHONPATH": "/nonexistent/hostile",
    "PYTHONHOME": "/nonexistent/hostile",
    "PYTHONSTARTUP": "/nonexistent/hostile.py",
    "PYTHONHASHSEED": "123",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "utf-16",
    "SOURCE_DATE_EPOCH": "garbage",
    "TAR_OPTIONS": "--owner=hostile --mtime=now",
    "GZIP": "-1",
    "http_proxy": "hostile.invalid:1",
    "https_proxy": "hostile.invalid:1",
    "ALL_PROXY": "hostile.invalid:1",
    "CAPTURE_ENVIRONMENT": "hostile",
}


def vary(names: Collection[str], round_: int, *, profile: Profile = "none") -> Surroundings:
    """Surroundings that differ from the ordinary ones in `names`; rounds from 1 on take different values.

    What a name needs must be there (`variation.unavailable`). `profile` is the numeric profile that
    `cpu-features` is to break.
    """
    result = ORDINARY
    for name, change in CHANGES.items():
        if name in names:
            fields = dict(change(round_))
            for added in ("variables", "wrapper", "ambient"):
                if added in fields:
                    fields[added] = (*getattr(result, added), *fields[added])
            result = replace(result, **fields)
    if "cpu-features" in names:
        result = replace(result, variables=(*result.variables, *_other_cpu(profile).items()))
    return result


@functools.cache
def other_locales() -> tuple[str, ...]:
    """The locales of this system other than C.UTF-8: those with UTF-8, sorted, last the plain C; or none."""
    program = shutil.which("locale", path=search_path())
    if program is None:
        return ()
    done = subprocess.run([program, "-a"], capture_output=True, text=True, check=False, env={})
    listed = done.stdout.split()
    utf8 = sorted(
        name
        for name in listed
        if name.lower().endswith((".utf8", ".utf-8")) and not name.startswith(("C.", "POSIX"))
    )
    return (*utf8, *(("C",) if "C" in listed else ()))


@functools.cache
def faketime_library() -> str | None:
    """The library that faketime preloads, as faketime itself names it for programs with threads."""
    program = shutil.which("faketime", path=search_path())
    if program is None:
        return None
    line = [program, "-m", "-f", "+0", "env"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env={"PATH": search_path()})
    found = [line for line in done.stdout.splitlines() if line.startswith("LD_PRELOAD=")]
    return found[0].partition("=")[2] if found else None


def other_cpus(own: frozenset[int], count: int) -> tuple[tuple[int, ...], ...]:
    """The sets of CPUs to take in turn by a process that may use `own` of `count`: one alone, then all.

    What the process uses anyway is left out, so there is nothing to take on a machine with one CPU.
    """
    everything = frozenset(range(count))
    choices = [frozenset({one}) for one in (min(own), max(own))] if len(own) > 1 else []
    choices += [everything] if own < everything else []
    return tuple(tuple(sorted(choice)) for choice in dict.fromkeys(choices) if choice != own)


def own_cpus() -> tuple[tuple[int, ...], ...]:
    """`other_cpus` of this process; empty where a process cannot choose."""
    if sys.platform != "linux":
        return ()
    return other_cpus(frozenset(os.sched_getaffinity(0)), os.cpu_count() or 1)


def _turn(round_: int, values: Collection[_Value]) -> _Value:
    return tuple(values)[(round_ - 1) % len(values)]


def _user(round_: int) -> dict[str, Any]:
    name = f"rebuilder{round_}"
    return {
        "user": name,
        "uid": 2000 + round_,
        "gid": 3000 + round_,
        "variables": (("LOGNAME", name), ("USER", name)),
    }


def _locale(round_: int) -> dict[str, Any]:
    name = _turn(round_, other_locales())
    return {"locale": name, "variables": (("LANGUAGE", name.partition(".")[0]),)}


def _directory_order(round_: int) -> dict[str, Any]:
    """The reverse of the file system's own order, then names from last to first: both the same every time."""
    sort = _turn(round_, ("no", "yes"))
    return {"directory_order": (f"--sort-dirents={sort}", "--reverse-dirents=yes", "--pad-blocks=0")}


def _clock(round_: int) -> dict[str, Any]:
    """The clock on the wall only: with other file times no compiled module of Python would be current.

    The library leaves objects in /dev/shm, which must therefore be the command's own.
    """
    return _fake_time(f"+{_turn(round_, CLOCK_AHEAD_S)}")


def _still_clock(round_: int) -> dict[str, Any]:
    """An absolute time, which the library does not let go on: two runs of a step see the same moments."""
    return _fake_time(_turn(round_, STILL_AT))


def _fake_time(setting: str) -> dict[str, Any]:
    return {
        "wrapper": (
            "env",
            f"LD_PRELOAD={faketime_library()}",
            f"FAKETIME={setting}",
            "DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
        ),
        "own_shared_memory": True,
    }


def _malloc(round_: int) -> dict[str, Any]:
    perturb = str(_turn(round_, PERTURB))
    return {"variables": (("MALLOC_PERTURB_", perturb), ("PYTHONMALLOC", "malloc"))}


def _other_cpu(profile: Profile) -> dict[str, str]:
    """The pins of the portable profile; under that profile a BLAS kernel from before it."""
    pins = profile_environment("portable")
    if profile == "portable":
        return pins | {"OPENBLAS_CORETYPE": "Prescott"}
    if profile == "none":  # its threads are free, and that is not what is varied
        return {name: value for name, value in pins.items() if "THREADS" not in name}
    return pins


CHANGES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "path": lambda n: {"build": _turn(n, (f"/srv/rebuild/{n}/project", f"/mnt/{n}"))},
    "home": lambda n: {"home": f"/var/home/rebuild/{n}"},
    "user": _user,
    "hostname": lambda n: {"hostname": f"rebuilder-{n}"},
    "timezone": lambda n: {"timezone": _turn(n, ("GMT+12", "GMT-14"))},  # POSIX: needs no table of zones
    "locale": _locale,
    "umask": lambda n: {"umask": _turn(n, (0o077, 0o002))},
    "hash-seed": lambda n: {"hash_seed": str(n)},
    "cpus": lambda n: {"affinity": _turn(n, own_cpus())},
    "directory-order": _directory_order,
    "clock": _clock,
    "aslr": lambda _: {"wrapper": ("setarch", "-R")},
    "malloc": _malloc,
    "hostile-environment": lambda _: {"ambient": tuple(_AMBIENT.items())},
    "still-clock": _still_clock,
    "cpu-features": lambda _: {},  # depends on the profile: see `vary`
}
