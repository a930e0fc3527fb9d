from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from release_tasks.stages.retire import bundle_paths, retire_candidate
from tests.fakes.small_project import SmallProject, small_project


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    made = small_project(tmp_path)
    for path in (
        *bundle_paths(made.plan),
        "release/1.0.0/a/b",
        "release/.staging-1.0.0/x",
        "release/0.9.0/a",
    ):
        made.write(path, path.encode())
    made.write("release/1.0.0.attestations/acceptance.json", b"{}")
    return made


def left(project: SmallProject) -> set[str]:
    below = project.root / "release"
    return {path.relative_to(below).as_posix() for path in below.rglob("*") if path.is_file()}


def test_a_candidate_moves_aside_with_all_that_speaks_of_it(project: SmallProject) -> None:
    assert retire_candidate(project.plan, project.workspace) == project.root / "release/.rejected/1.0.0"
    assert left(project) == {".rejected/1.0.0/a/b", "0.9.0/a"}


def test_the_last_rejected_one_is_replaced(project: SmallProject) -> None:
    project.write("release/.rejected/1.0.0/old", b"")
    project.write("release/.rejected/0.9.0/kept", b"")
    retire_candidate(project.plan, project.workspace)
    assert left(project) == {".rejected/1.0.0/a/b", ".rejected/0.9.0/kept", "0.9.0/a"}
    assert retire_candidate(project.plan, project.workspace) is None  # nothing more to move
    assert left(project) == {".rejected/1.0.0/a/b", ".rejected/0.9.0/kept", "0.9.0/a"}


@pytest.mark.parametrize("seal", ["tag", "receipt"])
def test_a_sealed_release_is_left_as_it_is(project: SmallProject, seal: str) -> None:
    """R21: immutable once released."""
    if seal == "receipt":
        project.write("release/1.0.0.attestations/receipts/hub.json", b"{}")
    else:
        for command in (("init", "-q"), ("commit", "-qm", "one", "--allow-empty"), ("tag", "v1.0.0")):
            subprocess.run(["git", *command], cwd=project.root, check=True)
    before = left(project)
    assert retire_candidate(project.plan, project.workspace) is None
    assert left(project) == before


def test_every_kind_of_bundle_is_named(project: SmallProject) -> None:
    assert bundle_paths(project.plan) == (
        "release/tiny-1.0.0.tar",
        "release/tiny-1.0.0.tar.sha256",
        "release/tiny-1.0.0.zip",
        "release/tiny-1.0.0.zip.sha256",
    )
