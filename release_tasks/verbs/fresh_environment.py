"""The interpreter's packages as a release records them, installed anew for one rebuild."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import release_tasks
from release_tasks.errors import EnvironmentRefused
from release_tasks.records.json_value import JSONObject
from release_tasks.system.git import file_of
from release_tasks.verbs.rebuild_claim import Claim

LOCK_NAME = "requirements.lock"
_OURSELVES = "release_tasks"
_SHOWN = 10


def run_in_fresh_environment(claim: Claim, place: Path, arguments: Sequence[str], *, project: Path) -> int:
    """Run `release-tasks ARGUMENTS` under the packages that a release was built with; returns its exit code.

    They are installed with pip into a virtual environment below `place`: what requirements.lock of the commit
    pins, by its hashes, and the rest by version. release_tasks itself is the one that runs. Raises
    EnvironmentRefused when the interpreter is another, pip fails or other versions come out.
    """
    _refuse_other_python(claim.environment)
    wanted = _packages(claim.environment)
    python = _make(place / "environment")
    lock = file_of(project, claim.commit, LOCK_NAME)
    if lock is not None:
        pinned = place / LOCK_NAME
        pinned.write_bytes(lock)
        _pip(python, "install", "--require-hashes", "--no-deps", "-r", str(pinned))
    here = _installed(python)
    missing = [f"{name}=={version}" for name, version in wanted.items() if here.get(name) != version]
    if missing:
        _pip(python, "install", "--no-deps", *missing)
    _refuse_others(wanted, _installed(python))
    ours = place / "ours"
    shutil.copytree(
        Path(release_tasks.__file__).parent, ours / _OURSELVES, ignore=shutil.ignore_patterns("__pycache__")
    )
    environment = {**os.environ, "PYTHONPATH": str(ours), "PYTHONNOUSERSITE": "1"}
    line = [str(python), "-P", "-m", _OURSELVES, *arguments]
    return subprocess.run(line, env=environment, check=False).returncode


def _refuse_other_python(environment: JSONObject) -> None:
    wanted = environment.get("python")
    version = wanted.get("version") if isinstance(wanted, dict) else None
    found = ".".join(map(str, sys.version_info[:3]))
    if version != found:
        raise EnvironmentRefused(
            "the release was built with another Python",
            wanted=str(version),
            found=found,
            hint="run release-tasks with that interpreter: it installs packages, not interpreters",
        )


def _packages(environment: JSONObject) -> dict[str, str]:
    found = environment.get("packages")
    packages = found if isinstance(found, dict) else {}
    return {name: str(version) for name, version in packages.items() if name != _OURSELVES}


def _make(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _pip(python: Path, *arguments: str) -> None:
    done = subprocess.run(
        [str(python), "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EnvironmentRefused(
            "the recorded packages cannot be installed",
            wanted="what the release records in evidence/environment.json",
            found="\n".join(done.stderr.strip().splitlines()[-_SHOWN:]) or f"exit code {done.returncode}",
            hint="pip needs an index, or a folder of wheels (PIP_FIND_LINKS), that still has these versions",
        )


def _installed(python: Path) -> dict[str, str]:
    code = (
        "import json; from importlib.metadata import distributions; "
        "print(json.dumps({d.metadata['Name']: d.version for d in distributions()}))"
    )
    done = subprocess.run([str(python), "-P", "-s", "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _refuse_others(wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    names = sorted({**wanted, **found})
    lines = [
        f"{name}: wanted {wanted.get(name, 'none')}, found {found.get(name, 'none')}"
        for name in names
        if wanted.get(name) != found.get(name)
    ]
    if lines:
        raise EnvironmentRefused(
            "other packages came out than the release records",
            wanted="the packages of evidence/environment.json",
            found="\n".join(lines[:_SHOWN]),
            hint="the index no longer has these versions, or a package has renamed itself",
        )
