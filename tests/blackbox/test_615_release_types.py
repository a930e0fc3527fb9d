"""Patches and experiments, and why neither is ever taken for a release of its own (R4, R22, R24)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.blackbox.project import (
    NOT_REBUILT,
    SEALABLE,
    Project,
    copy_project,
    normal,
    released_project,
    rows,
    verify,
)

PATCH = 'version = "1.0.1"\ntype = "patch"\nbase = "1.0.0"\nreason = "the licence in the card was wrong"\n'


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Version 1.0.0, released and tagged."""
    project = released_project(tmp_path_factory.mktemp("types") / "project")
    project.git("tag", "v1.0.0")
    return project


@pytest.fixture
def project(sealed: Project, tmp_path: Path) -> Project:
    return copy_project(sealed, tmp_path / "project")


def as_type(project: Project, text: str) -> None:
    project.replace("release.toml", 'version = "1.0.0"\n', text)
    project.commit("chore: another type")


def test_r22_a_patch_keeps_the_weights_of_its_base(project: Project) -> None:
    as_type(project, PATCH)
    project.replace("release.toml", 'license = "Apache-2.0"', 'license = "MIT"')
    project.commit("chore: mend")
    done = project.doit("release")
    assert (done.returncode, rows(done)["seal"]) == (0, SEALABLE), done.stdout
    metadata = [
        json.loads(project.read(f"release/{version}/metadata.json")) for version in ("1.0.0", "1.0.1")
    ]
    assert metadata[1]["release_type"] == "patch"
    assert metadata[0]["model_hash"] == metadata[1]["model_hash"]
    version = json.loads(project.read("release/1.0.1/evidence/version.json"))["data"]
    assert version["patch"]["reason"] == "the licence in the card was wrong"


def test_r22_a_patch_with_other_weights_refuses(project: Project) -> None:
    as_type(project, PATCH)
    project.replace("release.toml", "seed = 7", "seed = 8")
    assert project.doit("freeze", "--update").returncode == 0
    project.commit("chore: retrained")
    done = project.doit("release")
    assert done.returncode == 1
    assert (
        "PATCH_MODEL_CHANGED build/model.safetensors: wanted HEX16, as in 1.0.0, found HEX16\n"
    ) in normal(done.stdout, project)
    assert not project.path("release/1.0.1").exists()


def test_r22_a_patch_of_nothing_that_was_released_refuses(project: Project) -> None:
    as_type(project, PATCH.replace('base = "1.0.0"', 'base = "0.9.0"'))
    done = project.doit("release")
    assert done.returncode == 1
    assert (
        "PATCH_BASE_MISSING release.base 0.9.0: wanted a released version whose release.lock names the "
        "weights, found no tag of it here\n"
    ) in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('version = "1.0.1"\ntype = "patch"\n', "base is missing: a patch has one"),
        ('version = "1.0.1"\nreason = "x"\n', "reason belongs to a patch"),
        (PATCH.replace("1.0.1", "1.0.0"), "a patch is another version than its base"),
        (
            'version = "1.0.1"\ntype = "dataset"\n',
            "dataset is missing",
        ),
    ],
)
def test_r4_r22_what_a_type_must_say(project: Project, text: str, message: str) -> None:
    as_type(project, text)
    done = project.doit("check")
    assert (done.returncode, message in done.stderr) == (3, True), done.stderr


def test_r24_an_experiment_stands_apart_and_is_never_sealed(project: Project) -> None:
    as_type(project, 'version = "1.1.0"\ntype = "experimental"\n')
    done = project.doit("release")
    assert done.returncode == 0, done.stdout
    assert rows(done)["directory"] == "experiments/1.1.0"
    assert rows(done)["seal"] == f"not yet: RESULT_EXPERIMENTAL (experimental), {NOT_REBUILT}"
    assert not project.path("release/1.1.0").exists()
    assert sorted(path.name for path in project.path("experiments").iterdir()) == [
        "1.1.0",
        "1.1.0.attestations",
        "tiny-1.1.0.tar",
        "tiny-1.1.0.tar.sha256",
        "tiny-1.1.0.zip",
        "tiny-1.1.0.zip.sha256",
    ]
    folder = project.path("experiments/1.1.0")
    assert json.loads((folder / "metadata.json").read_text())["release_type"] == "experimental"
    assert json.loads((folder / "evidence/verdict.json").read_text())["mode"]["experimental"] is True
    assert "An experiment, " in (folder / "README.txt").read_text()
    assert verify(folder, root=None, tag=None, full=True, cwd=project.root).ok
    again = project.doit("release")
    assert rows(again)["steps"].startswith("none run, ")


def test_r24_an_experiment_cannot_bear_the_tag_of_a_release(project: Project) -> None:
    as_type(project, 'version = "1.0.0"\ntype = "experimental"\n')
    done = project.doit("release")
    assert done.returncode == 1
    assert (
        "VERSION_TAKEN v1.0.0: wanted a version that no other commit bears, found the tag of commit "
        in done.stdout
    )
    assert not project.path("experiments/1.0.0").exists()
    assert project.path("release/1.0.0").exists()


def test_r24_a_refused_experiment_touches_no_release(project: Project) -> None:
    as_type(project, 'version = "1.1.0"\ntype = "experimental"\n')
    assert project.doit("release").returncode == 0
    project.write(
        "scripts/train.py", project.read("scripts/train.py").replace("scale * seed", "float('nan') * seed")
    )
    assert project.doit("freeze", "--update").returncode == 0
    project.commit("chore: broken")
    done = project.doit("release")
    assert done.returncode == 1
    assert "WEIGHTS_NOT_FINITE" in done.stdout
    assert not project.path("experiments/1.1.0").exists()
    assert project.path("experiments/.rejected/1.1.0").exists()
    assert project.path("release/1.0.0").exists()
