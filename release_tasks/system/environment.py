"""The variables a user's command sees, and the numeric profile they pin (reproducibility.md §4.2)."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from release_tasks.errors import EnvironmentRefused
from release_tasks.records.frozen_record import frozen
from release_tasks.system.surroundings import ORDINARY, Surroundings

Profile = Literal["v3", "portable", "none"]
Asked = Literal["auto", "v3", "portable", "none"]
Status = Literal["checked", "asserted", "not-applicable"]

PROBE_FOLDER = Path(__file__).parent / "numeric_probe"
EPOCH_OF_STEPS = (
    "315532800"  # 1980-01-01, what zip can hold; a constant, so that a new commit retrains nothing
)

_HYGIENE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MKL_CBWR": "COMPATIBLE"}
_PINS: dict[Profile, dict[str, str]] = {
    "v3": {
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_ENABLE_CPU_FEATURES": "SSSE3 SSE41 POPCNT SSE42 AVX F16C FMA3 AVX2 X86_V3",
        **_HYGIENE,
    },
    "portable": {
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_ENABLE_CPU_FEATURES": "X86_V2",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F",
        **_HYGIENE,
    },
    "none": {},
}
# Variables that change numbers, the loader or the interpreter; `[environment] pass` may not name them.
_NEVER_PASSED = (
    "OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_", "NPY_", "GLIBC_TUNABLES", "LD_", "DYLD_", "PYTHON",
)  # fmt: skip
_WINDOWS_NEEDS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT")


@frozen
class NumericReport:
    """What is known about the arithmetic of one command.

    `checked`: seen inside the process by effect; `asserted`: pinned from outside only, because the command
    is no Python or never imported numpy; `not-applicable`: profile `none`. `threads` is the largest pool,
    `features` are the CPU features that numpy dispatches on.
    """

    profile: Profile
    status: Status
    architecture: str | None = None
    threads: int | None = None
    numpy: str | None = None
    features: tuple[str, ...] = ()
    libc: str | None = None


def profile_environment(profile: Profile) -> dict[str, str]:
    """The variables that pin `profile`."""
    return dict(_PINS[profile])


def resolve_profile(
    asked: Asked, *, platform: str | None = None, cpu: frozenset[str] | None = None
) -> Profile:
    """The profile to run under; `platform` (`linux-x86_64`) and `cpu` flags are those of this machine.

    Raises EnvironmentRefused when `v3` or `portable` is asked of a machine that cannot give it.
    """
    return _choose(asked, platform=platform, cpu=cpu)[0]


def profile_reason(asked: Asked, *, platform: str | None = None, cpu: frozenset[str] | None = None) -> str:
    """Why `resolve_profile` chooses what it chooses, as a sentence without a full stop."""
    return _choose(asked, platform=platform, cpu=cpu)[1]


def _choose(asked: Asked, *, platform: str | None, cpu: frozenset[str] | None) -> tuple[Profile, str]:
    platform = platform or f"{sys.platform}-{_architecture()}"
    cpu = _cpu_flags() if cpu is None else cpu
    lacking = [flag for flag in ("avx2", "fma") if flag not in cpu]
    if asked == "none":
        return "none", "no profile was asked for"
    if platform != "linux-x86_64":
        if asked == "auto":
            return "none", f"the profiles are defined for linux-x86_64, this is {platform}"
        raise EnvironmentRefused(
            f"the numeric profile {asked} is not to be had on this machine",
            wanted="linux-x86_64",
            found=platform,
            hint='[environment] numeric = "auto" takes what the machine can give',
        )
    if asked == "portable":
        return "portable", "asked for"
    if not lacking:
        return "v3", "asked for" if asked == "v3" else "the CPU has AVX2 and FMA"
    if asked == "auto":
        return "none", f"the CPU lacks {' and '.join(flag.upper() for flag in lacking)}"
    raise EnvironmentRefused(
        "the numeric profile v3 is not to be had on this machine",
        wanted="an x86-64 CPU with AVX2 and FMA",
        found=f"a CPU without {' and '.join(flag.upper() for flag in lacking)}",
        hint='[environment] numeric = "portable" runs on any x86-64 CPU',
    )


def numeric_id(profile: Profile, *, libc: str | None = None, numpy: str | None = None) -> str:
    """Profile, OS, architecture, libc and numpy as one key of release.lock, numpy not being imported.

    For instance `v3-linux-x86_64-glibc2.36-numpy2.4.6`; `libc` and `numpy` default to what is found here.
    """
    libc = (libc or libc_name()).replace(" ", "")
    numpy = numpy or numpy_version() or "-none"
    return f"{profile}-{sys.platform}-{_architecture()}-{libc}-numpy{numpy}"


def libc_name() -> str:
    """The C library and its version (`glibc 2.36`), or the system's name where libc has none of its own."""
    if hasattr(os, "confstr"):
        try:
            return os.confstr("CS_GNU_LIBC_VERSION") or "libc"
        except (ValueError, OSError):
            pass
    if sys.platform == "win32":
        return "ucrt"
    return f"{os.uname().sysname.lower()} {os.uname().release}" if sys.platform == "darwin" else "musl"


def numpy_version() -> str | None:
    """The version of the numpy that this interpreter would import, by the name of its metadata folder."""
    return _numpy_version(tuple(sys.path))


@functools.lru_cache
def _numpy_version(folders: tuple[str, ...]) -> str | None:
    # importlib.metadata would cost 20 ms of imports in a run that has nothing to do.
    for folder in folders:
        if folder and (Path(folder) / "numpy").is_dir():
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names only, site-packages is large
                stem, dot, kind = name.rpartition(".")
                if dot and stem.startswith("numpy-") and kind in {"dist-info", "egg-info"}:
                    return stem.removeprefix("numpy-").split("-")[0]
    return None


@functools.cache
def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    return next(
        (frozenset(line.partition(":")[2].split()) for line in text.splitlines() if line.startswith("flags")),
        frozenset(),
    )


@functools.cache
def _architecture() -> str:
    machine = (
        os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "unknown")
    )
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine.lower(), machine.lower())


def search_path() -> str:
    """PATH of a command: the interpreter's own folder, then the system's."""
    own = [str(Path(sys.prefix) / ("Scripts" if sys.platform == "win32" else "bin"))]
    folder = str(Path(sys.executable).parent)
    system = [os.environ.get("SYSTEMROOT", r"C:\Windows") + r"\System32"] if sys.platform == "win32" else []
    return os.pathsep.join(dict.fromkeys([*own, folder, *(system or ["/usr/bin", "/bin"])]))


def child_environment(
    *,
    profile: Profile,
    seed: int | None,
    pass_: tuple[str, ...],
    surrounding: Mapping[str, str],
    home: str,
    temporary: str,
    folder: str,
    probe: str,
    report: str,
    surroundings: Surroundings = ORDINARY,
) -> dict[str, str]:
    """The whole environment of a command; nothing but `pass_` comes from `surrounding`.

    `home`, `temporary`, `folder` (the working directory), `probe` and `report` are paths as the command
    sees them. Raises EnvironmentRefused when `pass_` names a variable that steers numbers or the interpreter.
    """
    environment = {
        "PATH": search_path(),
        "HOME": home,
        "TMPDIR": temporary,
        "PWD": folder,
        "LANG": surroundings.locale,
        "LC_ALL": surroundings.locale,
        "TZ": surroundings.timezone,
        "PYTHONHASHSEED": surroundings.hash_seed,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",  # logs are live, and an error stands where it came
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": probe,
        "SOURCE_DATE_EPOCH": EPOCH_OF_STEPS,
        "RELEASE_NUMERIC_PROFILE": profile,
        "RELEASE_NUMERIC_REPORT": report,
        **profile_environment(profile),
    }
    if seed is not None:
        environment["RELEASE_SEED"] = str(seed)
    if sys.platform == "win32":
        environment |= {"USERPROFILE": home, "TEMP": temporary, "TMP": temporary}
        environment |= {name: surrounding[name] for name in _WINDOWS_NEEDS if name in surrounding}
    for name in pass_:
        if name in environment or name.upper().startswith(_NEVER_PASSED):
            raise EnvironmentRefused(
                "a variable that is fixed for every command cannot be passed through",
                wanted="names of variables that neither steer numbers nor the interpreter",
                found=name,
                where="[environment] pass",
            )
        if name in surrounding:
            environment[name] = surrounding[name]
    return environment | {name: value for name, value in surroundings.variables if name not in pass_}
