"""Python 3.11, 3.12 and 3.13, each with the locked libraries: the same archives, the same releases."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox import faulty

REPOSITORY = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13")
INSTALL_S = 600.0

pytestmark = pytest.mark.slow

# Writes both archives of a directory with nothing but our own writers.
ARCHIVES = """\
import sys
from pathlib import Path
from release_tasks.stages.bundle_action import write_archive
for kind in ("tar", "zip"):
    write_archive(Path(sys.argv[1]), "tiny-1.0.0", kind, Path(sys.argv[2]) / f"tiny.{kind}", root=sys.argv[3])
"""


@dataclass(frozen=True, kw_only=True)
class Python:
    """An interpreter that has the locked libraries, and the environment in which it finds our package."""

    version: str
    program: Path
    env: dict[str, str]

    def run(self, folder: Path, *args: str | Path) -> str:
        """Run it; returns what it printed, and fails the test with it when it fails."""
        done = subprocess.run(
            [self.program, *args],
            cwd=folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=faulty.LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"Python {self.version}: {done.stdout}"
        return done.stdout


def _interpreter(version: str) -> Path | None:
    """Find an interpreter of a minor version: this one, pyenv's, or the one on PATH; one that really runs."""
    own = sys.version_info[:2] == tuple(map(int, version.split(".")))
    pyenv = Path(
        os.environ.get("PYENV_ROOT") or Path("~root" if os.geteuid() == 0 else "~").expanduser() / ".pyenv"
    )
    found = [Path(sys.executable)] if own else []
    found += sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    on_path = shutil.which(f"python{version}")
    found += [Path(on_path)] if on_path else []
    for program in found:
        line: list[str | Path] = [
            program,
            "-c",
            "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])",
        ]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return program
    return None


def _install(version: str, program: Path, base: Path) -> Python:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"HOME": str(base), "PIP_CACHE_DIR": str(base / "cache")}  # pip asks rustc, which writes to HOME
    if program == Path(sys.executable):
        return Python(version=version, program=program, env=env)
    folder = base / version
    subprocess.run([program, "-m", "venv", folder], check=True, env=env)
    python = folder / "bin" / "python"
    line: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    done = subprocess.run(
        [*line, "-r", REPOSITORY / "requirements.lock"],
        env=env,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode != 0 and ("Connection" in done.stderr or "resolution" in done.stderr):
        pytest.skip(f"no package index can be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return Python(version=version, program=python, env=env)


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Python, ...]]:
    base = tmp_path_factory.mktemp("pythons")
    programs = {version: _interpreter(version) for version in VERSIONS}
    missing = [version for version, program in programs.items() if program is None]
    if missing:
        pytest.skip(f"no Python {', '.join(missing)} with venv on this machine")
    yield tuple(_install(version, program, base) for version, program in programs.items() if program)
    shutil.rmtree(base)


def test_three_pythons(pythons: tuple[Python, ...], tmp_path: Path) -> None:
    """One test for all, because the three environments take minutes to make."""
    released = {}
    for python in pythons:
        project = faulty.write_project(tmp_path / python.version / "project")
        python.run(project, "-m", "release_tasks", "freeze")
        python.run(project, "-m", "release_tasks", "release")
        again = python.run(project, "-m", "release_tasks", "release")
        assert "steps      none run, 15 up to date" in again
        released[python.version] = project
    assert len({faulty.exact_root(project) for project in released.values()}) == 1
    assert len({(project / "release.lock").read_bytes() for project in released.values()}) == 1

    for python in pythons:
        for project in released.values():
            for path in (faulty.FOLDER, f"release/{faulty.STEM}.tar", f"release/{faulty.STEM}.zip"):
                told = python.run(project, "-m", "release_tasks", "verify", path, "--full")
                assert told.startswith("tiny 1.0.0: consistent, origin unproven\n")

    archives = {}
    root = faulty.root_of(released["3.11"])
    for python in pythons:
        out = tmp_path / f"archives-{python.version}"
        out.mkdir()
        python.run(tmp_path, "-c", ARCHIVES, released["3.11"] / faulty.FOLDER, out, root)
        archives[python.version] = {path.name: path.read_bytes() for path in sorted(out.iterdir())}
    assert archives["3.11"] == archives["3.12"] == archives["3.13"]
    bundle = released["3.11"] / "release" / f"{faulty.STEM}.tar"
    assert archives["3.13"]["tiny.tar"] == bundle.read_bytes()
