"""From a commit to a release: what the commands print, what lies there, and that other tools agree."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from project import SEALABLE, Project, contents, copy_project, normal, ran, rows, write_project

ORDER = [
    "frozen:inputs",
    "step:tokenizer",
    "step:train",
    "step:evaluate",
    "frozen:outputs",
    "frozen:versions",
    "baseline",
    "artifacts",
    "recipe",
    "secrets",
    "changes",
    "smoke",
    "gate",
    "package",
    "accept",
]
TREE = {
    *("MANIFEST.json", "README.txt", "checksum.txt", "config.json", "config.yaml", "metadata.json"),
    *("model.safetensors", "tokenizer.json", "docs/CHANGELOG.md", "docs/RELEASE_CHECKLIST.md"),
    *(
        f"evidence/{name}"
        for name in (
            *("artifacts.json", "baseline.json", "commands.json", "commits.json", "contract.json"),
            *("environment.json", "frozen-inputs.json"),
            *("frozen-outputs.json", "frozen-versions.json", "policy.json", "quality.json", "release.lock"),
            *(
                "recipe.json",
                "run.json",
                "secrets.json",
                "smoke.json",
                "trust.json",
                "verdict.json",
                "version.json",
            ),
        )
    ),
}


def test_without_a_lock_the_release_is_refused_before_any_step_runs(fresh: Project) -> None:
    done = fresh.doit("release")
    assert done.returncode == 1
    assert normal(done.stdout, fresh) == (
        "run     frozen:inputs\n"
        "FAILED  frozen:inputs\n"
        "\n"
        "there is no release.lock (LOCK_MISSING)\n"
        "  wanted: frozen inputs\n"
        "  found:  no file release.lock\n"
        "  where:  ROOT/release.lock\n"
        "  hint:   run 'doit freeze', look at what it wrote, and commit release.lock\n"
        "\n"
        "\n"
        "release    tiny 1.0.0\n"
        "steps      1 run, 0 up to date\n"
        "result     refused\n"
    )
    assert not fresh.path("build").exists()
    assert not fresh.path("release").exists()


def test_freeze_commit_release(fresh: Project) -> None:
    frozen = fresh.doit("freeze")
    assert frozen.returncode == 0, frozen.stdout
    assert ran(frozen) == ["step:tokenizer", "step:train", "step:evaluate"]
    assert re.search(
        r"^wrote release\.lock: 5 inputs, 4 outputs of \S+\ncommit it\n\Z", frozen.stdout, re.MULTILINE
    )
    commit = fresh.commit("freeze")
    done = fresh.doit("release")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert sorted(ran(done)) == sorted(
        [*(name for name in ORDER if "step:" not in name), "bundle:tar", "bundle:zip"]
    )
    table = normal(done.stdout[done.stdout.index("\nrelease ") :], fresh)
    assert table == (
        "\n"
        "release    tiny 1.0.0\n"
        "steps      14 run, 3 up to date\n"
        "gates      23 passed\n"
        "skipped    22, not declared: checkpoint, cards, tests, parity, dataset, evaluation, bench\n"
        "accepted   versioned, packaged, validated\n"
        "           not shown: reproducible, tested, benchmarked\n"
        "level      none: nothing of it was rebuilt yet\n"
        "root       sha256:HEX64\n"
        "exact_root sha256:HEX64\n"
        "directory  release/1.0.0\n"
        "bundle     release/tiny-1.0.0.tar\n"
        "bundle     release/tiny-1.0.0.zip\n"
        f"seal       {SEALABLE}\n"
        "verify     release-tasks verify release/1.0.0 --root sha256:HEX64\n"
    )
    metadata = json.loads(fresh.read("release/1.0.0/metadata.json"))
    assert (metadata["git_commit"], metadata["git_dirty"]) == (commit, False)
    assert (metadata["training_seed"], metadata["metrics_summary"]) == (7, {"mean": 7.291667})
    assert metadata["exact_root"] == rows(done)["exact_root"]


def test_the_tree_is_that_of_the_contract(built: Project) -> None:
    assert set(contents(built.path("release/1.0.0"))) == TREE
    assert {path.name for path in built.path("release").iterdir()} == {
        *("1.0.0", "1.0.0.attestations", "tiny-1.0.0.tar", "tiny-1.0.0.tar.sha256"),
        *("tiny-1.0.0.zip", "tiny-1.0.0.zip.sha256"),
    }
    modes = {path.stat().st_mode & 0o777 for path in built.path("release/1.0.0").rglob("*") if path.is_file()}
    assert modes == {0o444}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
def test_sha256sum_agrees_in_the_tree_and_beside_the_bundles(built: Project) -> None:
    inside = Project(built.path("release/1.0.0")).run(["sha256sum", "-c", "--strict", "checksum.txt"])
    assert (inside.returncode, inside.stderr) == (0, "")
    assert len(inside.stdout.splitlines()) == len(TREE) - 1
    beside = Project(built.path("release")).run(
        ["sha256sum", "-c", "tiny-1.0.0.zip.sha256", "tiny-1.0.0.tar.sha256"]
    )
    assert (beside.returncode, beside.stderr) == (0, "")
    assert beside.stdout == "tiny-1.0.0.zip: OK\ntiny-1.0.0.tar: OK\n"


def test_bundles_unpack_to_the_one_folder(built: Project, tmp_path: Path) -> None:
    tree = contents(built.path("release/1.0.0"))
    with zipfile.ZipFile(built.path("release/tiny-1.0.0.zip")) as bundle:
        bundle.extractall(tmp_path / "zip")  # noqa: S202 - our own file
    with tarfile.open(built.path("release/tiny-1.0.0.tar")) as bundle:
        bundle.extractall(tmp_path / "tar", filter="data")
    for kind in ("zip", "tar"):
        assert [path.name for path in (tmp_path / kind).iterdir()] == ["tiny-1.0.0"]
        assert contents(tmp_path / kind / "tiny-1.0.0") == tree


def test_the_printed_root_is_the_verified_one_of_every_form(released: Project) -> None:
    table = rows(released.doit("release"))
    for form in ("1.0.0", "tiny-1.0.0.zip", "tiny-1.0.0.tar"):
        done = released.tasks("verify", f"release/{form}", "--json", "--full", "--root", table["root"])
        report = json.loads(done.stdout)
        assert (done.returncode, report["ok"], report["problems"]) == (0, True, [])
        assert (report["root"], report["exact_root"]) == (table["root"], table["exact_root"])


def test_the_printed_verify_line_can_be_pasted(released: Project) -> None:
    line = rows(released.doit("release"))["verify"].split()
    done = released.tasks(*line[1:])
    assert (line[0], done.returncode) == ("release-tasks", 0)


def test_a_release_from_scratch_runs_in_the_order_of_the_design(built: Project, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "again")
    for folder in (".release", "build", "release"):
        shutil.rmtree(project.path(folder))
    done = project.doit("release")
    assert done.returncode == 0
    assert ran(done) == [*ORDER, "bundle:tar", "bundle:zip"]
    assert rows(done)["exact_root"] == rows(built.doit("release"))["exact_root"]


def test_the_console_script_releases_without_a_dodo_file(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    for name in ("dodo.py", "doit.cfg"):
        project.path(name).unlink()
    assert project.tasks("freeze").returncode == 0
    project.commit("freeze")
    done = project.tasks("release")
    assert (done.returncode, rows(done)["seal"]) == (0, SEALABLE)


def test_init_makes_a_project_that_releases(built: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "folder")
    project.root.mkdir()
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        shutil.copy(built.path("build") / name, project.root)
    assert project.tasks("init", "--release-name", "found").returncode == 0
    project.git("init", "-q")
    project.commit("first")
    assert project.doit("freeze").returncode == 0
    project.commit("freeze")
    done = project.doit("release")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (rows(done)["release"], rows(done)["seal"]) == ("found 0.1.0", SEALABLE)
