"""The small determinism case: everything around a numpy training is varied at once, and its bytes stay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.records.manifest import MANIFEST, manifest_from_json
from release_tasks.stages.records_io import read_object
from release_tasks.system.environment import resolve_profile
from tests.blackbox import faulty

# A small network whose weights differ between one and two BLAS threads, between BLAS kernels, and between
# sets of CPU features (reproducibility.md §4.1: ca8e05271d7c against 02f8253214fe); and whose start depends on
# hash seed, time zone, locale, surrounding modules and order of a folder, should any of them get through.
TRAIN = """\
import glob, json, locale, os, struct, time
import numpy as np

try:
    import ambient
    scale = ambient.scale
except ImportError:
    scale = 1.0
words = {word for path in sorted(glob.glob("data/*.txt")) for word in open(path, encoding="utf-8").read().split()}
scale *= 1.0 + sum(index * len(word) for index, word in enumerate(words)) / 1e6
scale *= 1.0 + time.localtime(0).tm_hour / 100.0
scale *= 1.0 if locale.setlocale(locale.LC_ALL, "") == "C.UTF-8" else 2.0
scale *= 1.0 + float(os.environ.get("SURROUNDING", "0"))
rng = np.random.Generator(np.random.PCG64(1234))
def draw(*shape):
    return rng.standard_normal(shape).astype(np.float32)
x, y = draw(2048, 128), rng.integers(0, 10, 2048)
w1, w2 = draw(128, 256) * np.float32(0.05 * scale), draw(256, 10) * np.float32(0.05)
for step in range(60):
    rows = rng.integers(0, 2048, 256)
    xb, hot = x[rows], np.eye(10, dtype=np.float32)[y[rows]]
    h = np.tanh(xb @ w1)
    logits = h @ w2
    p = np.exp(logits - logits.max(1, keepdims=True))
    d = (p / p.sum(1, keepdims=True) - hot) / np.float32(256)
    g2, g1 = h.T @ d, xb.T @ ((d @ w2.T) * (1 - h * h))
    w1, w2 = w1 - np.float32(0.1) * g1, w2 - np.float32(0.1) * g2
tensors = {"w1": w1, "w2": w2}
header, end = {}, 0
for name, value in tensors.items():
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [end, end + value.nbytes]}
    end += value.nbytes
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open("build/model.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in tensors.values()))
"""
CONFIG = faulty.CONFIG.replace('"source.txt"', '"data/*.txt"')

HOSTILE = {
    "OPENBLAS_NUM_THREADS": "2",
    "OPENBLAS_CORETYPE": "Prescott",
    "OPENBLAS_VERBOSE": "2",
    "GOTO_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "OMP_DYNAMIC": "true",
    "MKL_NUM_THREADS": "2",
    "MKL_CBWR": "AVX2",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
    "NPY_ENABLE_CPU_FEATURES": "",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    "LD_BIND_NOW": "1",
    "MALLOC_PERTURB_": "85",
    "PYTHONHASHSEED": "4321",
    "PYTHONSTARTUP": "/nowhere/startup.py",
    "PYTHONOPTIMIZE": "1",
    "PYTHONUTF8": "0",
    "TAR_OPTIONS": "--totals",
    "GZIP": "-9",
    "ZIPOPT": "-0",
    "LC_ALL": "C",
    "LANG": "tr_TR.UTF-8",
    "LANGUAGE": "tr",
    "TZ": "Pacific/Apia",
    "COLUMNS": "7",
    "SURROUNDING": "5",
    "http_proxy": "http://127.0.0.1:9",
    "PIP_CONFIG_FILE": "/nowhere",
}


def _v3() -> bool:
    try:
        return resolve_profile("auto") == "v3"
    except EnvironmentRefused:
        return False


def write_training_project(root: Path) -> Path:
    faulty.write_project(root, config=CONFIG, make=TRAIN)
    (root / "source.txt").unlink()
    (root / "data").mkdir()
    for number in range(12):
        (root / "data" / f"{number:02}.txt").write_text(f"word{number} shared and {'x' * number}\n", "utf-8")
    return root


def hostile_environment(base: Path) -> dict[str, str]:
    """Everything that the machine may have set, at once; paths of its own below `base`."""
    modules = base / "modules"
    modules.mkdir(parents=True)
    (modules / "ambient.py").write_text("scale = 3.0\n", "utf-8")
    (base / "home" / ".config" / "pip").mkdir(parents=True)
    inherited = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        **HOSTILE,
        "HOME": str(base / "home"),
        "PYTHONPATH": os.pathsep.join(filter(None, (inherited, str(modules)))),
        "LD_LIBRARY_PATH": str(modules),
        "TMPDIR": str(modules),
    }


def exact_files(root: Path) -> dict[str, bytes]:
    """Bytes of every file of class exact in the project's release, by path."""
    folder = root / faulty.FOLDER
    manifest = manifest_from_json(read_object(folder / MANIFEST, where=MANIFEST))
    return {file.path: (folder / file.path).read_bytes() for file in manifest.files if file.cls == "exact"}


def build(root: Path, *, env: dict[str, str] | None = None, before: tuple[str, ...] = ()) -> None:
    """Freeze and release from nothing."""
    for command in ("freeze", "release"):
        done = faulty.doit(root, command, env=env, before=before)
        assert done.code == 0, done.text


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_training_project(tmp_path_factory.mktemp("plain") / "project")
    build(root)
    return root


def _same(root: Path, plain: Path) -> None:
    assert exact_files(root) == exact_files(plain)
    assert faulty.exact_root(root) == faulty.exact_root(plain)
    assert (root / "release.lock").read_bytes() == (plain / "release.lock").read_bytes()


@pytest.mark.skipif(not _v3(), reason="the profile v3 needs linux-x86_64 with AVX2 and FMA")
def test_all_variations_at_once(plain: Path, tmp_path: Path) -> None:
    """Folder, HOME, TZ, locale, umask, hash seed, CPUs, and every variable that steers numbers."""
    deep = tmp_path / "another place" / "ünï" / "deeper"
    root = write_training_project(deep / "project")
    before = tuple(filter(None, (shutil.which("taskset"),))) and ("taskset", "-c", "0")
    script = ("sh", "-c", 'umask 077; ulimit -s 16384; exec "$@"', "sh")
    build(root, env=hostile_environment(tmp_path / "hostile"), before=(*script, *before))
    _same(root, plain)


@pytest.mark.skipif(not _v3(), reason="the profile v3 needs linux-x86_64 with AVX2 and FMA")
def test_without_a_sandbox(plain: Path, tmp_path: Path) -> None:
    """No bubblewrap on PATH: the pins and the allow-listed environment stand alone, and it is said."""
    root = write_training_project(tmp_path / "project")
    build(root, env={**hostile_environment(tmp_path / "hostile"), "PATH": "/nowhere"})
    _same(root, plain)
    record = (root / faulty.FOLDER / "evidence/environment.json").read_text("utf-8")
    assert "bubblewrap is not installed: undeclared reads are not prevented" in record


@pytest.mark.skipif(not _v3(), reason="the profile v3 needs linux-x86_64 with AVX2 and FMA")
def test_the_training_would_notice(tmp_path: Path) -> None:
    """What the case above rests on: without our pins, its script gives other bytes."""
    seen = set()
    pins = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OPENBLAS_CORETYPE": "Haswell"}
    variants = [
        {"OPENBLAS_NUM_THREADS": "1"},
        {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Prescott"},
        {"OPENBLAS_NUM_THREADS": "1", "TZ": "Pacific/Apia"},
        {"OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C"},
        {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "4321"},
        {"OPENBLAS_NUM_THREADS": "1", "SURROUNDING": "5"},
    ]
    if len(os.sched_getaffinity(0)) > 1:
        variants.append({"OPENBLAS_NUM_THREADS": "2"})
    for index, variant in enumerate(variants):
        root = write_training_project(tmp_path / str(index))
        (root / "build").mkdir()
        env = {"PATH": os.environ["PATH"], **pins, **variant}
        subprocess.run([sys.executable, "make.py"], cwd=root, env=env, check=True)
        seen.add((root / "build/model.safetensors").read_bytes())
    assert len(seen) == len(variants)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime")
def test_another_clock(plain: Path, tmp_path: Path) -> None:
    root = write_training_project(tmp_path / "project")
    build(root, before=("faketime", "2031-02-03 04:05:06"))
    record = (root / faulty.FOLDER / "evidence/environment.json").read_text("utf-8")
    assert '"decided_at":"2031-02-03T04:05:' in record
    _same(root, plain)


@contextmanager
def _shuffled(source: Path, place: Path) -> Iterator[None]:
    place.mkdir()
    line = ["disorderfs", "--shuffle-dirents=yes", "--multi-user=no", str(source), str(place)]
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"disorderfs does not mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["fusermount", "-u", "-z", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("disorderfs") is None, reason="needs disorderfs")
def test_another_order_of_folders(plain: Path, tmp_path: Path) -> None:
    """Also a file system without exchange of names, hard links or a stable order."""
    source = write_training_project(tmp_path / "source")
    with _shuffled(source, tmp_path / "project"):
        build(tmp_path / "project")
        _same(tmp_path / "project", plain)


def test_bundles_of_one_tree_are_the_same_anywhere(plain: Path, tmp_path: Path) -> None:
    """Bundles depend on the tree alone: not on place, clock, time zone, umask, order or modes of its files."""
    root = faulty.copy_project(plain, tmp_path / "elsewhere" / "project")
    for path in (root / "release").glob(f"{faulty.STEM}.*"):
        path.unlink()
    for path in (root / faulty.FOLDER).rglob("*"):
        os.utime(path, (86400, 86400))
    script = ("sh", "-c", 'umask 077; exec "$@"', "sh")
    done = faulty.doit(root, "run", "bundle", env=hostile_environment(tmp_path / "hostile"), before=script)
    assert done.code == 0, done.text
    for kind in ("tar", "zip"):
        for name in (f"{faulty.STEM}.{kind}", f"{faulty.STEM}.{kind}.sha256"):
            assert (root / "release" / name).read_bytes() == (plain / "release" / name).read_bytes()
