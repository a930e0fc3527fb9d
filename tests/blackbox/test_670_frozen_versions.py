"""R7, R8, R9: versions of dataset and tokenizer, and the selected checkpoint, through the commands."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.blackbox.project import Project, copy_project, normal, ran, release_first, write_project

CHECKPOINT = """[checkpoint]
record = "build/run.json"
metric = "loss"
direction = "lower"

[smoke]
"""
SELECT = """
import hashlib
digest = hashlib.sha256(pathlib.Path("build/model.safetensors").read_bytes()).hexdigest()
rows = [{"step": 1, "sha256": digest, "loss": 0.5}, {"step": 2, "sha256": "0" * 64, "loss": LAST}]
pathlib.Path("build/run.json").write_text(json.dumps({"checkpoints": rows}) + "\\n", "utf-8")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = write_project(tmp_path_factory.mktemp("versions") / "project")
    project.replace(
        "release.toml",
        'tokenizer = "build/tokenizer.json"\n',
        'tokenizer = "build/tokenizer.json"\ntokenizer_version = "1"\n',
    )
    project.replace(
        "release.toml", "[smoke]\n", '[dataset]\nversion = "1.0"\nfiles = ["data/*.txt"]\n\n[smoke]\n'
    )
    project.replace("release.toml", "[smoke]\n", CHECKPOINT)
    project.replace(
        "release.toml",
        'writes = ["build/model.safetensors", "build/config.json"]',
        'writes = ["build/model.safetensors", "build/config.json", "build/run.json"]',
    )
    project.write("scripts/train.py", project.read("scripts/train.py") + SELECT.replace("LAST", "0.75"))
    return release_first(project)


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    return copy_project(built, tmp_path / "project")


def test_r8_a_dataset_cannot_change_under_its_version(project: Project) -> None:
    project.write("data/two.txt", "beta epsilon\n")
    done = project.doit("release")
    assert done.returncode == 1
    assert "(LOCK_INPUTS_CHANGED)" in done.stdout
    done = project.doit("freeze", "--update")
    assert (done.returncode, ran(done)) == (1, [])  # before any step has run
    assert (
        "the dataset changed, but its version did not (DATASET_VERSION_REUSED)\n"
        "  wanted: HEX16, frozen as version 1.0\n"
        "  found:  HEX16\n"
        "  where:  release.lock\n"
        "  hint:   raise dataset.version in release.toml, then run 'doit freeze --update'\n"
    ) in normal(done.stdout + done.stderr, project)
    project.replace("release.toml", 'version = "1.0"', 'version = "1.1"')
    done = project.doit("freeze", "--update")
    # The data made another tokenizer: that is a change of its own, and a breaking one.
    assert done.returncode == 1
    assert (
        "the tokenizer changed, but its version did not (TOKENIZER_VERSION_REUSED)\n"
        "  wanted: HEX16, frozen as version 1\n"
        "  found:  HEX16: 1 tokens added ('epsilon'); 1 tokens removed ('delta')\n"
    ) in normal(done.stdout + done.stderr, project)
    project.replace("release.toml", 'tokenizer_version = "1"', 'tokenizer_version = "2"')
    done = project.doit("freeze", "--update")
    assert done.returncode == 0, done.stdout + done.stderr
    project.commit()
    assert project.doit("release").returncode == 0


def test_r9_a_tokenizer_that_is_not_the_frozen_one_refuses(project: Project) -> None:
    """The tokenizer is put in place by hand: no input of a step changed."""
    text = project.read("release.toml")
    head, _, rest = text.partition('[[step]]\nname = "tokenizer"')
    project.write("release.toml", head + rest[rest.index("[[step]]") :])
    project.replace("release.toml", 'tokenizer_version = "1"', 'tokenizer_version = "2"')
    assert project.doit("freeze", "--update").returncode == 0
    project.commit()
    project.replace("build/tokenizer.json", '"alpha": 0', '"alpah": 0')
    done = project.doit("release", "--soft")
    assert done.returncode == 1
    assert "TOKENIZER_VERSION_REUSED tokenizer 2: wanted " in done.stdout
    assert ": 1 tokens added ('alpah'); 1 tokens removed ('alpha')\n" in done.stdout
    assert not project.path("release/1.0.0").exists()


def test_r7_only_the_selected_checkpoint_is_released(project: Project) -> None:
    project.replace("scripts/train.py", '"loss": 0.75', '"loss": 0.25')
    assert project.doit("freeze", "--update").returncode == 0
    project.commit()
    done = project.doit("release")
    assert done.returncode == 1
    released = hashlib.sha256(project.path("build/model.safetensors").read_bytes()).hexdigest()[:16]
    assert (
        "CHECKPOINT_NOT_BEST artifacts.model: wanted 0000000000000000, of step 2 with loss 0.25, "
        f"found {released}\n"
    ) in done.stdout


def test_the_versions_stand_in_metadata(built: Project) -> None:
    metadata = built.read("release/1.0.0/metadata.json")
    assert '"tokenizer_version":"1"' in metadata
    assert '"dataset_version":"1.0"' in metadata
