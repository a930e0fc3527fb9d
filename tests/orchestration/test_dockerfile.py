"""P15: three images, pinned base, no root, and the lines that install, run as they stand in an environment of their own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
RUNTIME_LOCK = ROOT / ".ci/runtime/requirements.txt"
HADOLINT = ROOT / ".ci/workflows/python/bin/hadolint"
_PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)


def stages() -> dict[str, list[str]]:
    """The instructions of every stage, continued lines joined, without comments."""
    lines = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    found: dict[str, list[str]] = {}
    for line in filter(None, lines.replace("\\\n", " ").splitlines()):
        if line.startswith("FROM "):
            stage = line.split(" AS ")[1]
            found[stage] = []
        found[stage].append(" ".join(line.split()))
    return found


def chain(name: str) -> list[str]:
    """The instructions of a stage after those of the stages that it starts from."""
    own = stages()[name]
    parent = own[0].split()[1]
    return [*(chain(parent) if parent in stages() else []), *own]


def test_three_images() -> None:
    assert {"runtime", "dev", "ci"} <= stages().keys()
    bases = [stage[0].split()[1] for stage in stages().values() if stage[0].split()[1] not in stages()]
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", bases[0])


@pytest.mark.parametrize("name", ["runtime", "dev", "ci"])
def test_nobody_is_root_in_an_image(name: str) -> None:
    users = [line for line in chain(name) if line.startswith("USER ")]
    assert users[-1] == "USER 10001:10001"
    assert "useradd --create-home --uid 10001" in "\n".join(chain(name))


def test_everything_is_installed_by_hash() -> None:
    """K13: every package that comes from an index has its hash; what has none is our own wheel."""
    for line in re.findall(
        r"-m pip (?:--python \S+ )?(?:install|wheel) [^&]*", " ".join(chain("runtime") + stages()["locked"])
    ):
        assert "--require-hashes" in line or "--no-deps" in line, line
    assert "--mount=type=secret" not in TEXT


def test_runtime_lock_has_the_versions_of_the_lock() -> None:
    """One resolution: the image imports what the project was tested with."""
    whole = set(_PIN.findall((ROOT / "requirements.lock").read_text("utf-8")))
    runtime = set(_PIN.findall(RUNTIME_LOCK.read_text("utf-8")))
    assert runtime <= whole
    names = {name for name, _ in runtime}
    assert {
        "blake3",
        "doit",
        "numpy",
        "packaging",
        "gguf",
        "huggingface-hub",
        "matplotlib",
    } <= names
    assert not names & {"mypy", "ruff", "sphinx", "hypothesis", "selenium"}


def test_only_what_is_copied_goes_to_the_builder() -> None:
    allowed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    ]
    copied = [
        word
        for stage in stages().values()
        for line in stage
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
        if not word.startswith("--")
    ]
    assert sorted(copied) == sorted(allowed)
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed: make workflow-linters")
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([HADOLINT, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def _command(stage: str, word: str) -> list[str]:
    """The one command of a stage's RUN lines with a word in it."""
    lines = [line.removeprefix("RUN ") for line in stages()[stage] if line.startswith("RUN ")]
    (found,) = [part for line in lines for part in line.split(" && ") if word in part]
    return shlex.split(found)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the lines of an image of Linux")
def test_lines_of_the_runtime_image_install_a_command_that_runs(tmp_path: Path) -> None:
    """P15: no daemon is needed to see that wheel, lock and command fit; only the folders are other ones."""
    source, wheels, venv = tmp_path / "source", tmp_path / "wheel", tmp_path / "venv"
    source.mkdir()
    for line in stages()["wheel"]:
        for name in line.split()[2:-1] if line.startswith("COPY ") else ():
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, source / name)
    places = {
        "/opt/venv/bin/python": sys.executable,
        "python": sys.executable,
        "/opt/venv": str(venv),
        "/tmp/wheel": str(wheels),
        "/tmp/source": str(source),
        "/opt/lock/requirements.txt": str(RUNTIME_LOCK),
    }
    env = {
        **os.environ,
        "PIP_CACHE_DIR": str(tmp_path / "cache"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "HOME": str(tmp_path),
    }

    def run(words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [places.get(word, word) for word in words],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    for stage, word in (("wheel", "pip wheel"), ("installed", "-m venv"), ("installed", "--require-hashes")):
        done = run(_command(stage, word))
        if done.returncode and ("Connection" in done.stderr or "resolution" in done.stderr):
            pytest.skip(f"no package index can be reached: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
    (wheel,) = wheels.glob("*.whl")
    places["/opt/wheel/*.whl"] = str(wheel)
    done = run(_command("installed", "--no-index"))
    assert done.returncode == 0, done.stderr
    command = stages()["runtime"]
    assert [line for line in command if line.startswith(("ENTRYPOINT", "CMD"))] == [
        'ENTRYPOINT ["release-tasks"]',
        'CMD ["help"]',
    ]
    done = run([str(venv / "bin/release-tasks"), "help"])
    assert done.returncode == 0, done.stderr
    assert "release-tasks verify" in done.stdout
