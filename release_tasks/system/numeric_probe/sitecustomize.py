# ruff: noqa: INP001, PLC0415
"""Runs in the user's process: checks the numeric profile right after numpy was imported and reports it.

Python imports this file at start because its folder is on PYTHONPATH. It must stay tiny: whatever it needs
beyond `os` and `sys` is imported once numpy is there. It also stands in for strace (`RELEASE_TRACE_OPENS`).
"""

from __future__ import annotations

import os
import sys

_V3 = {
    "X86_V2",
    "X86_V3",
    "SSE",
    "SSE2",
    "SSE3",
    "SSSE3",
    "SSE41",
    "POPCNT",
    "SSE42",
    "AVX",
    "F16C",
    "FMA3",
    "AVX2",
}
_WANTED = {
    "v3": ("Haswell", _V3, "fma"),
    "portable": ("Nehalem", {"X86_V2", "SSE", "SSE2", "SSE3", "SSSE3", "SSE41", "POPCNT", "SSE42"}, "no-fma"),
}
# Where sin and exp of glibc >= 2.28 differ by one ulp between their FMA and their plain version.
_SIN = (
    ("0x1.6340451d66178p+3", "-0x1.fd20087b7a06fp-1", "-0x1.fd20087b7a06ep-1"),
    ("0x1.7d03ed1976d22p+5", "-0x1.eda66260c1dfbp-2", "-0x1.eda66260c1dfap-2"),
    ("-0x1.69d9e2de40545p+4", "0x1.2b61a2ca90c82p-1", "0x1.2b61a2ca90c81p-1"),
)
_EXP = (
    ("0x1.18420855616c4p+3", "0x1.8d9c2fe92837bp+12", "0x1.8d9c2fe92837cp+12"),
    ("-0x1.4d69a60931338p+5", "0x1.d4fbf971b32fbp-61", "0x1.d4fbf971b32fcp-61"),
    ("0x1.b81adf2f686a0p+4", "0x1.9b2a96a938a35p+39", "0x1.9b2a96a938a36p+39"),
)


def _libm() -> str:
    import math

    seen = [(math.sin(float.fromhex(x)).hex(), fma, plain) for x, fma, plain in _SIN]
    seen += [(math.exp(float.fromhex(x)).hex(), fma, plain) for x, fma, plain in _EXP]
    if all(value == fma for value, fma, _plain in seen):
        return "fma"
    return "no-fma" if all(value == plain for value, _fma, plain in seen) else "unknown"


def _libc() -> str | None:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        return None


def _features() -> list[str]:
    # numpy's own baseline cannot be switched off; of the dispatched ones only those marked true are used.
    try:
        from numpy._core import _multiarray_umath as core  # type: ignore[attr-defined]
    except ImportError:
        from numpy.core import _multiarray_umath as core  # numpy 1
    on = core.__cpu_features__
    return sorted({*core.__cpu_baseline__, *(name for name in core.__cpu_dispatch__ if on.get(name))})


def _pools() -> list[dict[str, object]] | None:
    before = os.environ.get("KMP_DUPLICATE_LIB_OK")
    try:
        from threadpoolctl import threadpool_info  # type: ignore[import-untyped]
    except ImportError:
        return None
    if before is None:
        os.environ.pop("KMP_DUPLICATE_LIB_OK", None)  # which threadpoolctl sets when it is imported
    return list(threadpool_info())


def _observe() -> dict[str, object]:
    pools = _pools()
    blas = [pool for pool in pools or () if pool["user_api"] == "blas"]
    cores = sorted({str(pool.get("architecture") or pool["internal_api"]) for pool in blas})
    return {
        "profile": os.environ.get("RELEASE_NUMERIC_PROFILE", "none"),
        "architecture": ", ".join(cores) or None,
        "openblas": bool(blas) and all(pool["internal_api"] == "openblas" for pool in blas),
        "threads": max((int(str(pool["num_threads"])) for pool in pools or ()), default=None),
        "numpy": sys.modules["numpy"].__version__,
        "features": _features(),
        "libc": _libc(),
        "libm": _libm(),
    }


def _mismatch(seen: dict[str, object]) -> dict[str, str] | None:
    if seen["profile"] not in _WANTED:
        return None
    core, allowed, libm = _WANTED[str(seen["profile"])]
    features = {str(name) for name in seen["features"]}  # type: ignore[attr-defined]
    if seen["openblas"] and seen["architecture"] != core:
        return {"wanted": f"OpenBLAS core {core}", "found": f"OpenBLAS core {seen['architecture']}"}
    if seen["threads"] not in {1, None}:
        return {"wanted": "1 thread in every BLAS and OpenMP pool", "found": f"{seen['threads']} threads"}
    if features - allowed:
        return {
            "wanted": f"numpy without CPU features beyond {seen['profile']}",
            "found": ", ".join(sorted(features - allowed)),
        }
    if seen["profile"] == "v3" and not ("X86_V3" in features or {"AVX2", "FMA3"} <= features):
        return {"wanted": "numpy with AVX2 and FMA3", "found": ", ".join(sorted(features))}
    if {str(seen["libm"]), libm} == {"fma", "no-fma"}:
        wanted, found = ("with", "without") if libm == "fma" else ("without", "with")
        return {"wanted": f"a libm {wanted} FMA", "found": f"a libm {found} FMA"}
    return None


def _report(path: str) -> str | None:
    """Write what is seen; returns the sentence of a mismatch, which no later report may cover up."""
    import json

    seen = _observe()
    seen["mismatch"] = wrong = _mismatch(seen)
    try:
        with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - pathlib is not loaded at start
            earlier = json.load(stream)
    except (OSError, ValueError):
        earlier = {}
    if not earlier.get("mismatch"):
        scratch = f"{path}.{os.getpid()}"
        with open(scratch, "w", encoding="utf-8") as stream:  # noqa: PTH123
            json.dump(seen, stream)
        os.replace(scratch, path)  # noqa: PTH105
    if wrong is None:
        return None
    return f"numeric profile {seen['profile']}: wanted {wrong['wanted']}, found {wrong['found']}"


def _check(path: str) -> None:
    import atexit
    import threading

    sentence = _report(path)
    if sentence is not None:
        if threading.current_thread() is threading.main_thread():
            raise SystemExit(sentence)
        os.write(2, f"{sentence}\n".encode())
        os._exit(1)
    # Libraries that are loaded later (scipy's own OpenBLAS, an OpenMP runtime) are seen at the end.
    atexit.register(_at_exit, path)


def _at_exit(path: str) -> None:
    sentence = _report(path)
    if sentence is not None:
        os.write(2, f"{sentence}\n".encode())


class _NumpyLoader:
    """numpy's own loader with the check after it; takes itself out again, so numpy is none the wiser."""

    def __init__(self, spec: object, loader: object, report: str) -> None:
        self.spec, self.loader, self.report = spec, loader, report

    def create_module(self, spec: object) -> object:
        return self.loader.create_module(spec)  # type: ignore[attr-defined]

    def exec_module(self, module: object) -> None:
        self.spec.loader = module.__loader__ = self.loader  # type: ignore[attr-defined]
        self.loader.exec_module(module)  # type: ignore[attr-defined]
        _check(self.report)


class _NumpyFinder:
    """First on sys.meta_path until numpy is asked for."""

    def __init__(self, report: str) -> None:
        self.report = report

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name != "numpy":
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)  # type: ignore[arg-type]
            if spec is not None and spec.loader is not None:
                spec.loader = _NumpyLoader(spec, spec.loader, self.report)  # type: ignore[assignment]
                return spec
        return None


def _trace_opens(target: str) -> None:
    stream = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"open", "os.listdir", "os.scandir"} and isinstance(arguments[0], str | bytes):
            try:
                path = os.path.join(os.getcwd(), os.fsdecode(arguments[0]))  # noqa: PTH109, PTH118
            except OSError:
                return
            if event != "open":
                path += "/"
            elif isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
                return
            os.write(stream, os.fsencode(path) + b"\0")

    sys.addaudithook(hook)


def _mend_sleep() -> None:
    """Give `time.sleep` back to a process whose clock faketime moves, where that breaks it.

    faketime 0.9.10 takes its offset from the deadlines of a monotonic clock that it leaves alone (its issue
    426), and Python >= 3.11 sleeps until a deadline: EINVAL.
    """
    import time

    try:
        time.sleep(0)
    except OSError:
        import select

        def sleep(seconds: float, /) -> None:
            if seconds < 0:
                raise ValueError("sleep length must be non-negative")
            select.select((), (), (), seconds)

        time.sleep = sleep  # type: ignore[assignment]


def _chain() -> None:
    """Import the sitecustomize that this one hides, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]  # noqa: PTH100
    own = sys.modules.pop(__name__, None)
    try:
        import sitecustomize  # type: ignore[import-not-found] # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if own is not None:
            sys.modules.setdefault(__name__, own)


if __name__ == "sitecustomize":
    if os.environ.get("RELEASE_NUMERIC_REPORT"):
        sys.meta_path.insert(0, _NumpyFinder(os.environ["RELEASE_NUMERIC_REPORT"]))  # type: ignore[arg-type]
    if os.environ.get("RELEASE_TRACE_OPENS"):
        _trace_opens(os.environ["RELEASE_TRACE_OPENS"])
    if os.environ.get("DONT_FAKE_MONOTONIC"):
        _mend_sleep()
    _chain()
