from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.records.step import Tree
from release_tasks.records.verdict import Mode
from release_tasks.records.version import Scheme, parse_version
from release_tasks.stages.plan import as_reads, make_plan
from tests.fakes.small_project import small_project, with_release


@pytest.mark.parametrize(
    ("scheme", "version", "snapshot"),
    [
        ("semver", "1.0.0", "1.0.0-snapshot"),
        ("semver", "1.0.0-rc.1", "1.0.0-rc.1.snapshot"),
        ("semver", "1.0.0+gpu", "1.0.0-snapshot"),
        ("semver", "1.0.0+a-b", "1.0.0-snapshot"),
        ("semver", "1.0.0-rc.1+a-b", "1.0.0-rc.1.snapshot"),
        ("calendar", "2026.01.31_build1", "2026.01.31_build1-snapshot"),
    ],
)
def test_a_snapshot_has_a_version_that_no_release_has(
    tmp_path: Path, scheme: Scheme, version: str, snapshot: str
) -> None:
    plan = small_project(tmp_path).plan
    release = with_release(plan, version=parse_version(version, scheme), scheme=scheme).release
    made = make_plan(release, Mode(snapshot=True), None)
    assert made.release.version.text == snapshot
    assert make_plan(release, Mode(soft=True, strict=True), None).release.version.text == version


def test_paths_of_a_release(tmp_path: Path) -> None:
    plan = small_project(tmp_path).plan
    assert plan.folder == "release/1.0.0"
    assert plan.staging == "release/.staging-1.0.0"
    assert plan.attestations == "release/1.0.0.attestations"
    assert plan.bundle_stem == "tiny-1.0.0"


def test_the_artifacts_are_each_named_once_and_globs_are_trees(tmp_path: Path) -> None:
    plan = small_project(
        tmp_path,
        artifacts='extra = ["notes.txt", "more/*.txt"]\ntraining = "train.json"\nquality = "q.json"',
    ).plan
    files = ("config.json", "model.safetensors", "notes.txt", "q.json", "tokenizer.json", "train.json")
    assert plan.artifacts == files
    assert plan.artifact_reads == (*files, Tree(("more/*.txt",)))


def test_declared_globs_become_trees() -> None:
    assert as_reads(("a", "b/*", "NAME:c/**", "d[0]")) == (
        "a",
        Tree(("b/*",)),
        Tree(("NAME:c/**",)),
        Tree(("d[0]",)),
    )
