from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.bench_shape import REGRESSION
from release_tasks.policy.evidence_shape import misfits
from release_tasks.records.baseline import baseline_of
from release_tasks.records.evidence import Evidence, evidence_path
from release_tasks.stages.baseline_action import find_baseline
from release_tasks.stages.records_io import write_evidence
from release_tasks.stages.regression_action import compare_measurements
from tests.fakes.bench_evidence import SPEED
from tests.fakes.small_project import SmallProject, small_project

TABLE = """
[bench.speed]
format = "hyperfine"
command = ["python", "bench.py", "{report}"]
artifact = "model.safetensors"
[bench.speed.metrics]
latency_ms_per_token = { direction = "lower", unit = "ms", target = 50, max_regression = 0.1 }
"""


def git(root: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=root, capture_output=True, check=True)


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """Version 1.0.0 with the evidence of one bench, committed."""
    found = small_project(tmp_path / "project", more=TABLE)
    write_evidence(
        found.workspace, evidence_path("bench/speed"), Evidence(kind="bench", subjects=(), data=SPEED)
    )
    git(found.root, "init", "-q", "-b", "main")
    git(found.root, "commit", "-q", "--allow-empty", "-m", "one")
    return found


def compare(found: SmallProject) -> Any:
    again = found.again()
    again.run("baseline", find_baseline)
    again.run("regression", compare_measurements)
    data = json.loads((found.root / ".release/records/regression.json").read_bytes())["data"]
    assert list(misfits(data, REGRESSION.fields)) == []
    return data


def released(found: SmallProject) -> Any:
    return json.loads((found.root / ".release/records/baseline.json").read_bytes())


def baseline(version: str = "0.9.0") -> bytes:
    return dump_canonical(baseline_of(version, [SPEED]).to_json())


def test_a_first_release_has_nothing_to_compare_with_and_says_so(project: SmallProject) -> None:
    data = compare(project)
    assert (data["tags_known"], data["previous"]) == (True, None)
    assert released(project) == {
        "schema_version": 2,
        "tags_known": True,
        "tag": None,
        "path": None,
        "committed": False,
        "problem": None,
        "exact_root": None,
        "baseline": None,
        "reason": "no earlier version of this release is tagged: there is nothing to compare with",
    }
    assert data["wanted"] == [
        {"bench": "speed", "metric": "latency_ms_per_token", "target": 50, "max_regression": 0.1}
    ]


def test_what_this_release_measured_is_the_baseline_of_the_next(project: SmallProject) -> None:
    data = compare(project)
    written = (project.root / ".release/records/metrics.json").read_bytes()
    assert written == dump_canonical(data["now"]) == baseline("1.0.0")


@pytest.mark.parametrize(
    ("tags", "previous"),
    [
        (("v0.9.0", "v0.10.0"), "v0.10.0"),  # by precedence, not by text
        (("v1.0.0", "v2.0.0"), None),  # not itself, nothing later
        (("v0.9.0", "v1.0.0-rc.1", "v1.0.0"), "v0.9.0"),  # a pre-release is nothing to be measured by
        (("v1.0.0-rc.1",), "v1.0.0-rc.1"),
        (("0.9.0", "v0.9", "other-v0.9.0", "vnext"), None),
    ],
)
def test_the_last_release_is_the_greatest_version_below(
    project: SmallProject, tags: tuple[str, ...], previous: str | None
) -> None:
    """R5, R12: 10.0.0 > 9.0.0."""
    for tag in tags:
        git(project.root, "tag", tag)
    found = compare(project)["previous"]
    assert (found and found["tag"]) == previous


def test_a_committed_baseline_is_compared_with(project: SmallProject) -> None:
    project.write("baselines/0.9.0.json", baseline())
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "baseline")
    git(project.root, "tag", "v0.9.0")
    found = compare(project)["previous"]
    assert (found["tag"], found["path"], found["committed"], found["problem"]) == (
        "v0.9.0",
        "baselines/0.9.0.json",
        True,
        None,
    )
    assert released(project) == {
        "schema_version": 2,
        "tags_known": True,
        "tag": "v0.9.0",
        "path": "baselines/0.9.0.json",
        "committed": True,
        "problem": None,
        "exact_root": None,
        "baseline": json.loads(baseline()),
        "reason": None,
    }


@pytest.mark.parametrize(
    ("committed", "now", "problem"),
    [
        (None, None, "no such file"),
        (None, baseline(), "a file that is not committed"),
        (baseline(), baseline("0.8.0"), "another content than HEAD has"),
        (baseline(), None, "no such file"),
    ],
)
def test_a_baseline_that_is_not_as_committed_is_missing(
    project: SmallProject, committed: bytes | None, now: bytes | None, problem: str
) -> None:
    """R12: tags exist but no baseline: BASELINE_MISSING."""
    if committed is not None:
        project.write("baselines/0.9.0.json", committed)
        git(project.root, "add", "-A")
        git(project.root, "commit", "-qm", "baseline")
    git(project.root, "tag", "v0.9.0")
    if now is not None:
        project.write("baselines/0.9.0.json", now)
    elif committed is not None:
        (project.root / "baselines/0.9.0.json").unlink()
    found = compare(project)["previous"]
    assert (found["committed"], found["problem"], found["baseline"]) == (False, problem, None)
    assert released(project)["reason"] == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{", "not JSON"),
        (baseline().replace(b",", b", "), "JSON is not in canonical form"),
        (b"[]\n", "JSON that is no object"),
        (b"{}\n", "schema_version: no such key, not a measurement"),
        (baseline("0.8.0"), "the baseline of 0.8.0"),
    ],
)
def test_a_baseline_that_is_none_is_invalid(project: SmallProject, text: bytes, problem: str) -> None:
    project.write("baselines/0.9.0.json", text)
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "baseline")
    git(project.root, "tag", "v0.9.0")
    found = compare(project)["previous"]
    assert (found["committed"], found["baseline"]) == (True, None)
    assert found["problem"].startswith(problem) or problem == "not JSON"


def test_a_clone_without_its_tags_cannot_be_a_first_release(project: SmallProject, tmp_path: Path) -> None:
    """CI clones are shallow: what they do not see is not nothing."""
    git(project.root, "tag", "v0.9.0")
    git(project.root, "commit", "-q", "--allow-empty", "-m", "two")
    git(tmp_path, "clone", "-q", "--depth=1", project.root.as_uri(), "clone")
    (tmp_path / "clone/.git").rename(project.root / "git")
    (project.root / ".git").rename(project.root / "old")
    (project.root / "git").rename(project.root / ".git")
    data = compare(project)
    assert (data["tags_known"], data["previous"]) == (False, None)
    assert released(project)["reason"] == (
        "this clone has no release tag, and may lack those that exist elsewhere"
    )


def test_tags_and_commits_of_a_baseline_wake_the_step(project: SmallProject) -> None:
    """A new tag, and a baseline that is committed at last, are looked at; nothing else is."""
    step = project.step("baseline")
    seen = [project.workspace.facts(step, {}, remembered=True)]
    git(project.root, "tag", "v0.9.0")
    seen.append(project.again().workspace.facts(step, {}, remembered=True))
    project.write("baselines/0.9.0.json", baseline())
    assert project.again().workspace.facts(step, {}, remembered=True) == seen[1]
    git(project.root, "add", "baselines")
    git(project.root, "commit", "-qm", "baseline")
    seen.append(project.again().workspace.facts(step, {}, remembered=True))
    assert len(set(seen)) == 3
    git(project.root, "commit", "-q", "--allow-empty", "-m", "more")
    assert project.again().workspace.facts(step, {}, remembered=True) == seen[2]


def test_without_benchmarks_there_is_no_such_step(tmp_path: Path) -> None:
    found = small_project(tmp_path)
    with pytest.raises(StopIteration):
        found.step("regression")


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (f"tiny 0.9.0\n\nexact_root: sha256:{'a' * 64}\n", f"sha256:{'a' * 64}"),
        ("tiny 0.9.0\n\nexact_root: yes\n", None),
        ("anything", None),
    ],
)
def test_what_the_tag_seals_is_read(project: SmallProject, message: str, found: str | None) -> None:
    git(project.root, "tag", "-a", "v0.9.0", "-m", message)
    compare(project)
    assert released(project)["exact_root"] == found


def test_a_baseline_of_schema_1_is_still_read(project: SmallProject) -> None:
    value = {**json.loads(baseline()), "schema_version": 1}
    del value["contract"]
    project.write("baselines/0.9.0.json", dump_canonical(value))
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "baseline")
    git(project.root, "tag", "v0.9.0")
    found = compare(project)["previous"]
    assert (found["problem"], found["baseline"]) == (None, value)
