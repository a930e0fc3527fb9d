"""A meta-test: take away any one pin of the numeric profile, and `doit` refuses to build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.system.environment import profile_environment, resolve_profile
from tests.blackbox import faulty

# The product has no hook to drop a pin, and should have none; so doit is started by a few lines that take it
# from the table first. MKL_* pin libraries that no wheel of ours has; OMP_NUM_THREADS=1 alone also holds
# OpenBLAS to one thread, so that both go together to have an effect that could be noticed.
WITHOUT = """\
import sys
from release_tasks.system import environment
for name in sys.argv[1].split(","):
    del environment._PINS["v3"][name]
from doit.doit_cmd import DoitMain
sys.exit(DoitMain().run(sys.argv[2:]))
"""
# It imports numpy and writes the weights without it: only the check inside the child can notice anything.
MAKE = "import numpy\n" + faulty.MAKE
CPU = Path("/proc/cpuinfo").read_text("utf-8") if sys.platform == "linux" else ""
needs_avx512 = pytest.mark.skipif("avx512f" not in CPU, reason="without AVX-512 the pin changes nothing")


def _v3() -> bool:
    try:
        return resolve_profile("auto") == "v3"
    except EnvironmentRefused:
        return False


pytestmark = pytest.mark.skipif(not _v3(), reason="the profile v3 needs linux-x86_64 with AVX2 and FMA")


def _freeze(root: Path, *pins: str) -> faulty.Run:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, ",".join(pins), "freeze"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=faulty.LIMIT_S,
        check=False,
    )
    return faulty.Run(code=done.returncode, text=done.stdout)


@pytest.mark.parametrize(
    ("pins", "sentence"),
    [
        pytest.param(("OPENBLAS_CORETYPE",), "OpenBLAS core Haswell", marks=needs_avx512),
        pytest.param(
            ("NPY_ENABLE_CPU_FEATURES",), "numpy without CPU features beyond v3", marks=needs_avx512
        ),
        pytest.param(
            ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"),
            "1 thread in every BLAS and OpenMP pool",
            marks=pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one CPU has one thread in any case"),
        ),
    ],
)
def test_a_pin_that_is_taken_away(tmp_path: Path, pins: tuple[str, ...], sentence: str) -> None:
    root = faulty.write_project(tmp_path / "project", make=MAKE)
    done = _freeze(root, *pins)
    assert done.code == 2, done.text
    assert "Traceback" not in done.text
    assert sentence in done.text
    assert not (root / "build/model.safetensors").exists()
    assert not (root / "release.lock").exists()
    whole = faulty.doit(root, "freeze")
    assert whole.code == 0, whole.text


def test_every_pin_is_spoken_of_here() -> None:
    """A pin that is added to the profile needs a case above, or a reason in the comment at the top."""
    noticed = {"OPENBLAS_CORETYPE", "NPY_ENABLE_CPU_FEATURES", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    hygiene = {"MKL_NUM_THREADS", "MKL_CBWR"}
    assert set(profile_environment("v3")) == noticed | hygiene
