"""The bundled model from a fresh clone, twice, in surroundings as different as they can be: one exact_root."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from release_tasks.system.environment import numeric_id, resolve_profile
from tests.blackbox import faulty

REPOSITORY = Path(__file__).parents[2]
BUILD_S = 900.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (REPOSITORY / ".git").exists() or shutil.which("git") is None,
        reason="needs the repository itself",
    ),
]


def _clone(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", REPOSITORY, place], check=True)
    return place


def _release(root: Path, changes: dict[str, str], *before: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*before, str(faulty.DOIT), "release"],
        cwd=root,
        env={**env, "PYTHONPATH": str(root), **changes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _exact_root(root: Path) -> str:
    version = tomllib.loads((root / "release.toml").read_text("utf-8"))["release"]["version"]
    report = faulty.checked(root / "release" / version)
    assert report.ok, report.problems
    return str(report.exact_root)


def test_two_builds_from_scratch(tmp_path: Path) -> None:
    first = _clone(tmp_path / "one")
    second = _clone(tmp_path / "two" / "ünï code" / "deeper" / "clone")
    (tmp_path / "home").mkdir()
    hostile = {
        "HOME": str(tmp_path / "home"),
        "TZ": "Pacific/Apia",
        "LC_ALL": "C",
        "LANG": "tr_TR.UTF-8",
        "PYTHONHASHSEED": "4321",
        "OPENBLAS_NUM_THREADS": "2",
        "OPENBLAS_CORETYPE": "Prescott",
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
        "MALLOC_PERTURB_": "85",
        "TAR_OPTIONS": "--totals",
        "GZIP": "-9",
    }
    one_cpu = ("taskset", "-c", "0") if shutil.which("taskset") else ()
    with ThreadPoolExecutor(2) as pool:
        plain = pool.submit(_release, first, {"PYTHONHASHSEED": "0"})
        varied = pool.submit(_release, second, hostile, "sh", "-c", 'umask 077; exec "$@"', "sh", *one_cpu)
        texts = [plain.result(), varied.result()]
    assert _exact_root(first) == _exact_root(second)
    for root, text in zip((first, second), texts, strict=True):
        assert f"exact_root {_exact_root(root)}" in text
        assert "LOCK_OUTPUTS" not in text
        again = _release(root, {})
        assert re.search(r"^steps +none run, \d+ up to date$", again, re.MULTILINE)
    lock = json.loads((first / "release.lock").read_bytes())
    identifier = numeric_id(resolve_profile("auto"))
    frozen = lock["outputs"].get(identifier)
    assert frozen is not None, f"release.lock knows no outputs of {identifier}; freeze them on this machine"
    for path, digest in frozen.items():
        for root in (first, second):
            with (root / path).open("rb") as stream:
                assert f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}" == digest
