"""The workflows as data: what actionlint and zizmor do not know, because it is a rule of ours (K13, K14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION = ROOT / ".github/actions/release-verify/action.yml"
PINNED = re.compile(r"uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def read(path: Path) -> dict[Any, Any]:
    """A workflow; YAML 1.1 reads its key `on` as True."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


def steps(document: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in document.get("jobs", {"runs": document.get("runs")}).values():
        yield from job["steps"]


def workflow(name: str) -> dict[Any, Any]:
    return read(ROOT / f".github/workflows/{name}.yml")


def test_workflows_are_those_that_the_page_describes() -> None:
    page = (ROOT / "docs/reference/ci.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)\.yml` \|", page, re.MULTILINE) == [path.stem for path in WORKFLOWS]


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """K13: a tag can move, a commit cannot; only actions of GitHub itself, and one commit of each everywhere."""
    lines = [line.strip() for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert [line for line in lines if not PINNED.fullmatch(line.removeprefix("- "))] == []


def test_one_commit_of_each_action() -> None:
    used = {step["uses"] for path in [*WORKFLOWS, ACTION] for step in steps(read(path)) if "uses" in step}
    assert len(used) == len({name.partition("@")[0] for name in used})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_may_do_little(path: Path) -> None:
    """C25: reading is all that a workflow may do, and one job of `release` may write contents; no `pull_request_target`."""
    document = read(path)
    assert document["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in document["jobs"].items() if "permissions" in job}
    assert granted == ({"publish": {"contents": "write"}} if path.stem == "release" else {})
    triggers = {"push", "pull_request", "schedule", "workflow_dispatch"}
    assert set(document[True]) <= triggers
    for step in steps(document):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "continue-on-error" not in step
    assert all("timeout-minutes" in job for job in document["jobs"].values())


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.stem)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """What comes from outside goes through `env`, where it stays a value."""
    assert [step.get("name") for step in steps(read(path)) if "${{" in step.get("run", "")] == []


def test_suite_runs_on_every_system_and_python() -> None:
    """K13: 3.11 to 3.13 on Linux, macOS and Windows, with everything pinned by hash."""
    suite = workflow("test")["jobs"]["suite"]
    assert suite["strategy"]["matrix"] == {
        "os": ["ubuntu-24.04", "macos-15", "windows-2025"],
        "python": ["3.11", "3.12", "3.13"],
    }
    assert suite["strategy"]["fail-fast"] is False
    script = "\n".join(step.get("run", "") for step in suite["steps"])
    assert "pip install --quiet --require-hashes -r requirements.lock" in script
    assert "--no-deps --no-build-isolation -e ." in script


def test_release_is_built_exactly_once() -> None:
    """K14: one job builds, without a matrix; the others take its artifact, check its digest and build nothing."""
    jobs = workflow("release")["jobs"]
    assert [name for name, job in jobs.items() if "strategy" in job] == []
    scripts = {name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    builders = [
        name for name, text in scripts.items() if re.search(r"make (release|soft)|doit (release|run)", text)
    ]
    assert builders == ["build"]
    assert jobs["reproduce"]["needs"] == "build"
    assert jobs["publish"]["needs"] == ["build", "reproduce"]
    assert jobs["publish"]["environment"] == "release"
    for name in ("reproduce", "publish"):
        assert "sha256sum --check --strict" in scripts[name]
        assert '--root "$ROOT" --full' in scripts[name]
    uploads = [
        step["with"]["name"]
        for job in jobs.values()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact@")
    ]
    assert uploads == ["candidate", "rebuilt", "attestations"]
    assert scripts["publish"].index("doit tag") < scripts["publish"].index("doit publish")


def test_nightly_judges_by_a_command() -> None:
    """K24: judge mode command, every night."""
    nightly = workflow("nightly")
    assert nightly[True]["schedule"] == [{"cron": "41 2 * * *"}]
    assert "make evaluate" in [step.get("run") for step in nightly["jobs"]["evaluation"]["steps"]]
    config = (ROOT / "examples/tinycoder/nightly.toml").read_text("utf-8")
    assert 'judge = "command"' in config
