"""The check inside the child: right pins pass, each pin that is taken away is noticed by its effect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.system.environment import PROBE_FOLDER, Profile, profile_environment, resolve_profile

CPU = Path("/proc/cpuinfo").read_text(encoding="utf-8") if sys.platform == "linux" else ""


def _able() -> bool:
    try:
        return resolve_profile("v3") == "v3"
    except EnvironmentRefused:
        return False


pytestmark = pytest.mark.skipif(not _able(), reason="the profile v3 needs linux-x86_64 with AVX2 and FMA")
needs_avx512 = pytest.mark.skipif("avx512f" not in CPU, reason="without AVX-512 the pin changes nothing")
needs_two = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one CPU has one thread in any case")


def run(
    tmp_path: Path,
    profile: Profile,
    *,
    code: str = "import numpy; print('ran on')",
    without: tuple[str, ...] = (),
    **extra: Any,
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    report = tmp_path / "numeric.json"
    pins = {name: value for name, value in profile_environment(profile).items() if name not in without}
    env = {
        "PYTHONPATH": str(PROBE_FOLDER),
        "PYTHONDONTWRITEBYTECODE": "1",
        "RELEASE_NUMERIC_PROFILE": profile,
        "RELEASE_NUMERIC_REPORT": str(report),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=env | pins | extra, capture_output=True, text=True, check=False
    )
    return done, json.loads(report.read_text()) if report.exists() else {}


@pytest.mark.parametrize(
    ("profile", "core", "libm"), [("v3", "Haswell", "fma"), ("portable", "Nehalem", "no-fma")]
)
def test_the_pins_have_their_effect(tmp_path: Path, profile: Profile, core: str, libm: str) -> None:
    done, report = run(tmp_path, profile)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran on\n", "")
    assert report["mismatch"] is None
    assert (report["architecture"], report["threads"]) == (core, 1)
    assert report["libm"] in {libm, "unknown"}


@pytest.mark.parametrize(
    ("profile", "without", "sentence"),
    [
        pytest.param(
            "v3",
            ("OPENBLAS_CORETYPE",),
            "numeric profile v3: wanted OpenBLAS core Haswell, found OpenBLAS core ",
            marks=needs_avx512,
        ),
        pytest.param(
            "v3",
            ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"),
            "numeric profile v3: wanted 1 thread in every BLAS and OpenMP pool, found ",
            marks=needs_two,
        ),
        pytest.param(
            "v3",
            ("NPY_ENABLE_CPU_FEATURES",),
            "numeric profile v3: wanted numpy without CPU features beyond v3, found ",
            marks=needs_avx512,
        ),
        (
            "portable",
            ("OPENBLAS_CORETYPE",),
            "numeric profile portable: wanted OpenBLAS core Nehalem, found OpenBLAS core ",
        ),
        (
            "portable",
            ("NPY_ENABLE_CPU_FEATURES",),
            "numeric profile portable: wanted numpy without CPU features beyond portable, found ",
        ),
        pytest.param(
            "portable",
            ("GLIBC_TUNABLES",),
            "numeric profile portable: wanted a libm without FMA, found a libm with FMA",
            marks=pytest.mark.skipif(
                not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""),
                reason="the tunable is glibc's",
            ),
        ),
    ],
)
def test_each_pin_that_is_taken_away_ends_the_process(
    tmp_path: Path, profile: Profile, without: tuple[str, ...], sentence: str
) -> None:
    done, report = run(tmp_path, profile, without=without)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(sentence)
    wrong = report["mismatch"]
    assert done.stderr == f"numeric profile {profile}: wanted {wrong['wanted']}, found {wrong['found']}\n"


def test_numpy_without_avx2_is_noticed_under_v3(tmp_path: Path) -> None:
    done, _report = run(tmp_path, "v3", NPY_ENABLE_CPU_FEATURES="X86_V2")
    assert done.stderr.startswith("numeric profile v3: wanted numpy with AVX2 and FMA3, found ")


@needs_two
def test_threads_that_are_raised_later_are_noticed_at_the_end(tmp_path: Path) -> None:
    code = "import numpy, threadpoolctl; threadpoolctl.threadpool_limits(2); print('ran on')"
    done, report = run(tmp_path, "v3", code=code)
    assert done.stdout == "ran on\n"
    assert report["mismatch"] == {"wanted": "1 thread in every BLAS and OpenMP pool", "found": "2 threads"}


def test_a_later_report_does_not_cover_a_mismatch(tmp_path: Path) -> None:
    (tmp_path / "numeric.json").write_text('{"mismatch": {"wanted": "a", "found": "b"}}')
    _done, report = run(tmp_path, "v3")
    assert report == {"mismatch": {"wanted": "a", "found": "b"}}


def test_a_thread_that_imports_numpy_under_a_wrong_profile_ends_the_process(tmp_path: Path) -> None:
    code = "import threading; t = threading.Thread(target=__import__, args=('numpy',)); t.start(); t.join(); print('on')"
    done, _report = run(tmp_path, "portable", code=code, without=("OPENBLAS_CORETYPE",))
    assert (done.returncode, done.stdout) == (1, "")


def test_without_a_profile_only_a_report_is_written(tmp_path: Path) -> None:
    done, report = run(tmp_path, "none")
    assert (done.returncode, report["mismatch"]) == (0, None)


def test_a_process_without_numpy_writes_no_report_and_imports_little(tmp_path: Path) -> None:
    code = "import sys; print({'json', 'threading', 'ctypes', 'importlib.util', 'threadpoolctl'} & set(sys.modules))"
    done, report = run(tmp_path, "v3", code=code)
    assert (done.stdout, report) == ("set()\n", {})


def test_numpy_keeps_its_own_loader_and_the_environment_is_as_before(tmp_path: Path) -> None:
    code = "import os, numpy; print(type(numpy.__loader__).__name__, numpy.__spec__.loader is numpy.__loader__, 'KMP_DUPLICATE_LIB_OK' in os.environ)"
    done, _report = run(tmp_path, "v3", code=code)
    assert done.stdout == "SourceFileLoader True False\n"


def test_another_sitecustomize_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('the other one')\n")
    path = os.pathsep.join((str(PROBE_FOLDER), str(tmp_path)))
    done, report = run(tmp_path, "v3", PYTHONPATH=path)
    assert (done.stdout, report["mismatch"]) == ("the other one\nran on\n", None)
