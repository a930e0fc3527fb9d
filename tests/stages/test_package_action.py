"""Packaging on its own, then accepting and bundling what was packaged."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from release_tasks.errors import IntegrityError
from release_tasks.policy.release_check import check_release
from release_tasks.records.step import Step
from release_tasks.stages.accept_action import accept_release
from release_tasks.stages.bundle_action import write_bundle
from release_tasks.stages.execution import folder_tree
from release_tasks.stages.package_action import package_release
from release_tasks.system.release_archive import read_release_archive
from release_tasks.system.release_tree import read_release_tree
from tests.fakes.small_project import SmallProject, small_project


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    made = small_project(
        tmp_path,
        release='bundles = ["zip", "tar"]',
        artifacts='extra = ["more/*"]',
        files={"more/notes.md": b"n\n"},
    )
    return made.run_up_to("gate")


def listing(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_what_is_packaged_verifies_and_is_all_there(project: SmallProject) -> None:
    """R13, R3: every file of the contract, each in MANIFEST and checksum.txt."""
    digest = project.run("package", package_release)
    staged = project.root / "release/.staging-1.0.0"
    check = check_release(read_release_tree(staged, full=True))
    assert check.problems == ()
    package = json.loads((project.root / ".release/records/package.json").read_text())
    files = listing(staged)
    assert package == {
        "schema_version": 1,
        "root": str(check.root),
        "exact_root": str(check.exact_root),
        "files": len(files),
        "bytes": sum(map(len, files.values())),
    }
    assert yaml.safe_load(files["config.yaml"]) == json.loads(files["config.json"])
    assert files["notes.md"] == b"n\n"
    assert all(not path.stat().st_mode & 0o333 for path in staged.rglob("*") if path.is_file())
    manifest = json.loads(files["MANIFEST.json"])
    assert {row["path"] for row in manifest["files"]} == files.keys() - {"MANIFEST.json", "checksum.txt"}
    assert {row["path"]: row["class"] for row in manifest["files"]}["model.safetensors"] == "exact"
    assert len(digest) == 64


@pytest.mark.parametrize("path", ["model.safetensors", "tokenizer.json", "config.json", "more/notes.md"])
def test_a_file_that_was_not_judged_is_not_packaged(project: SmallProject, path: str) -> None:
    """A database that lies about a file can spoil a no-op but never a release."""
    data = (project.root / path).read_bytes()
    project.write(path, data.replace(b"n", b"m") if path == "more/notes.md" else data[:-2] + b" \n")
    with pytest.raises(IntegrityError) as caught:
        project.run("package", package_release)
    assert caught.value.what == f"{path} is not the file that was judged (EVIDENCE_STALE)"
    assert not (project.root / "release/.staging-1.0.0").exists()
    assert not (project.root / "release/1.0.0").exists()


def test_a_forged_index_does_not_reach_a_release(project: SmallProject) -> None:
    project.write("more/notes.md", b"forged\n")
    time.sleep(0.03)
    key = (project.root / "more/notes.md").stat()
    forged = hashlib.sha256(b"n\n").hexdigest()
    fields = (key.st_size, key.st_mtime_ns, key.st_ctime_ns, key.st_ino, key.st_dev, time.time_ns(), forged)
    row, value = "file/more/notes.md", " ".join(map(str, fields))
    seal = hashlib.blake2b(f"{row}\0{value}".encode(), digest_size=8).digest()
    database = sqlite3.connect(project.root / ".release/index.sqlite")
    with database:
        database.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (row, value, seal))
    database.close()
    believed = project.again().workspace.index.sha256("more/notes.md")
    assert believed is not None
    assert believed.hex == forged  # the forgery works, as far as the index can tell
    with pytest.raises(IntegrityError, match="EVIDENCE_STALE"):
        project.again().run("package", package_release)


def test_an_old_staging_folder_is_not_mixed_in(project: SmallProject) -> None:
    project.write("release/.staging-1.0.0/left/over", b"x")
    project.run("package", package_release)
    assert "left/over" not in listing(project.root / "release/.staging-1.0.0")


def test_two_packagings_are_the_same_bytes(project: SmallProject) -> None:
    project.run("package", package_release)
    staged = project.root / "release/.staging-1.0.0"
    first = listing(staged)
    project.run("package", package_release)
    assert listing(staged) == first


def test_accepting_renames_the_folder_and_knows_its_digest(project: SmallProject) -> None:
    promised = project.run("package", package_release)
    files = listing(project.root / "release/.staging-1.0.0")
    assert project.run("accept", accept_release) == promised
    assert listing(project.root / "release/1.0.0") == files
    assert not (project.root / "release/.staging-1.0.0").exists()
    assert project.again().workspace.index.tree(folder_tree("release/1.0.0")).digest.hex == promised
    acceptance = json.loads((project.root / "release/1.0.0.attestations/acceptance.json").read_text())
    assert (acceptance["version"], acceptance["smoke"]) == ("1.0.0", {"ran": False})


@pytest.mark.parametrize("name", ["model.safetensors", "README.txt", "evidence/verdict.json", "new"])
def test_staged_bytes_that_were_touched_are_never_accepted(project: SmallProject, name: str) -> None:
    project.run("package", package_release)
    target = project.root / "release/.staging-1.0.0" / name
    data = target.read_bytes() if target.exists() else b"x"
    target.unlink(missing_ok=True)
    target.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(IntegrityError, match="the packaged release"):
        project.run("accept", accept_release)
    assert not (project.root / "release/1.0.0").exists()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_bundle_is_the_accepted_folder_with_a_checksum_that_fits(project: SmallProject, kind: str) -> None:
    """K9: the name inside is the bare file name, so `sha256sum -c` works in its folder."""
    project.run("package", package_release)
    project.run("accept", accept_release)
    project.write(f"release/tiny-1.0.0.{kind}.sha256", b"of an older bundle\n")
    project.run(f"bundle:{kind}", write_bundle)
    bundle = project.root / f"release/tiny-1.0.0.{kind}"
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert bundle.with_name(f"{bundle.name}.sha256").read_text() == f"{digest}  {bundle.name}\n"
    assert check_release(read_release_archive(bundle)).problems == ()
    check = subprocess.run(
        ["sha256sum", "-c", "--strict", f"{bundle.name}.sha256"],
        cwd=bundle.parent,
        capture_output=True,
        check=False,
    )
    assert check.returncode == 0
    first = bundle.read_bytes()
    project.run(f"bundle:{kind}", write_bundle)
    assert bundle.read_bytes() == first
    assert not list(bundle.parent.glob(".*"))


def test_a_folder_that_was_touched_is_not_bundled(project: SmallProject) -> None:
    project.run("package", package_release)
    project.run("accept", accept_release)
    readme = project.root / "release/1.0.0/README.txt"
    readme.chmod(0o644)
    readme.write_bytes(readme.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match="the bundle is not the release that was accepted"):
        project.run("bundle:zip", write_bundle)
    assert not list((project.root / "release").glob("*.zip*"))
    assert not list((project.root / "release").glob(".tiny*"))


def test_packaging_depends_on_everything_that_it_reads(project: SmallProject) -> None:
    step: Step = project.step("package")
    assert {"model.safetensors", "tokenizer.json", "config.json", ".release/records/verdict.json"} <= set(
        step.files
    )
    assert {"more/*", "release.lock"} <= {pattern for tree in step.trees for pattern in tree.patterns}
    assert "gate" in step.after
