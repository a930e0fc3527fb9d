from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import pytest

from release_tasks import __version__
from release_tasks.config.load import load_release
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.stages.environment_record import environment_record
from release_tasks.stages.workspace import Workspace
from tests.fakes.small_project import small_project

STEP = '[[step]]\nname = "train"\ncommand = ["python", "t.py"]\nwrites = ["x"]\n'
NOW = "2026-01-01T00:00:00Z"


def test_the_record_says_what_made_the_release(tmp_path: Path) -> None:
    """B2: one fact for each line of the banner, also in environment.json."""
    project = small_project(tmp_path)
    made = environment_record(project.workspace, decided_at=NOW)
    dump_canonical(made)  # plain JSON, or this raises
    assert made["decided_at"] == NOW
    assert made["generator"] == f"release_tasks {__version__}"
    assert made["python"] == {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
    }
    packages = made["packages"]
    assert isinstance(packages, dict)
    assert packages["numpy"] == version("numpy")
    assert list(packages) == sorted(packages)
    assert made["numeric_id"] == project.workspace.numeric_id
    assert made["steps"] == {}
    assert str(tmp_path) not in str(made)


@pytest.mark.parametrize(
    ("data", "wanted"), [(b'{"seconds":1}\n', {"seconds": 1}), (b"[]\n", None), (b"cut", None), (None, None)]
)
def test_how_each_step_was_run_is_there_or_null(tmp_path: Path, data: bytes | None, wanted: object) -> None:
    project = small_project(tmp_path, more=STEP)
    if data is not None:
        project.write(".release/records/step-train.json", data)
    assert environment_record(project.workspace, decided_at=NOW)["steps"] == {"train": wanted}


def test_overrides_are_recorded_without_the_folders_of_this_machine(tmp_path: Path) -> None:
    """K17: environment overrides are recorded in metadata."""
    project = small_project(tmp_path, more='[roots]\ndata = "/srv"\n')
    environ = {"RELEASE_VERSION": "2.0.0", "RELEASE_ROOTS_DATA": "/srv/me/data"}
    release = load_release(project.plan.release.file, environ=environ)
    made = environment_record(Workspace(release), decided_at=NOW)
    assert made["overrides"] == {"RELEASE_ROOTS_DATA": "set", "RELEASE_VERSION": "2.0.0"}
    assert "/srv/me" not in str(made)


@pytest.mark.parametrize(
    ("kernel", "wsl2"), [("6.6.1-microsoft-standard-WSL2", True), ("6.1.0-21-amd64", False)]
)
def test_wsl2_is_known_by_its_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: str, *, wsl2: bool
) -> None:
    workspace = small_project(tmp_path).workspace
    monkeypatch.setattr(platform, "release", lambda: kernel)
    found = environment_record(workspace, decided_at=NOW)["platform"]
    assert isinstance(found, dict)
    assert (found["release"], found["wsl2"]) == (kernel, wsl2)
