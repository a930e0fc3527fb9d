"""The packages of a release, installed anew: what is refused before and after pip; the rest is slow."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.records.digest import Digest
from release_tasks.records.json_value import JSONObject
from release_tasks.records.manifest import Manifest
from release_tasks.records.verdict import Mode, Verdict
from release_tasks.verbs.fresh_environment import run_in_fresh_environment
from release_tasks.verbs.rebuild_claim import Claim
from tests.blackbox.project import released_project, script

ROOT = Digest("sha256", "0" * 64)


def claim(environment: JSONObject) -> Claim:
    return Claim(
        path=Path("release/1.0.0"),
        folder=Path("release/1.0.0"),
        manifest=Manifest(contract="model/1", name="tiny", version="1.0.0", exact_root=ROOT, files=()),
        root=ROOT,
        metadata={},
        verdict=Verdict(
            point="candidate", decision="PASS", profile="default", strict=False, mode=Mode(), gates=()
        ),
        environment=environment,
        commit="0" * 40,
    )


def test_another_python_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    other = claim({"python": {"version": "3.99.0"}, "packages": {}})
    with pytest.raises(EnvironmentRefused) as caught:
        run_in_fresh_environment(other, tmp_path, ["--version"], project=tmp_path)
    assert str(caught.value) == (
        "the release was built with another Python\n"
        "  wanted: 3.99.0\n"
        f"  found:  {platform.python_version()}\n"
        "  hint:   run release-tasks with that interpreter: it installs packages, not interpreters"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip asks every tool that it finds for its version, and some of them write to the home folder."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.slow
@pytest.mark.usefixtures("_home")
def test_a_package_that_is_nowhere_to_be_had_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    here: JSONObject = {"python": {"version": platform.python_version()}}
    absent = replace(claim(here), environment={**here, "packages": {"no-such-package": "1.0"}})
    with pytest.raises(EnvironmentRefused) as caught:
        run_in_fresh_environment(absent, tmp_path, ["--version"], project=tmp_path)
    error = caught.value
    assert error.what == "the recorded packages cannot be installed"
    assert "No matching distribution found for no-such-package==1.0" in (error.found or "")
    assert (
        error.hint
        == "pip needs an index, or a folder of wheels (PIP_FIND_LINKS), that still has these versions"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("_home")
def test_a_release_is_rebuilt_under_the_packages_that_it_records(tmp_path: Path) -> None:
    """R10: the environment is made anew from the record; its packages are then no difference."""
    project = released_project(tmp_path / "project")
    done = project.run([script("release-tasks"), "reproduce", "--fresh-env"], limit_s=3600)
    if "cannot be installed" in done.stderr:
        pytest.skip(f"no package index can be reached from here: {done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("\ntiny 1.0.0: reproduced\n")
    assert "  packages " not in done.stdout
