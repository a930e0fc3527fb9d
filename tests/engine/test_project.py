from __future__ import annotations

from pathlib import Path

import pytest
from doit.exceptions import InvalidDodoFile
from doit.loader import generate_tasks

import release_tasks
from release_tasks.engine.project import Project
from release_tasks.errors import ConfigError
from release_tasks.records.verdict import Mode
from tests.fakes.small_project import small_project

STEPS = '[[step]]\nname = "use"\ncommand = ["python", "t.py"]\nreads = ["made", "t.py"]\nwrites = ["used"]\n'
STEPS += '[[step]]\nname = "make"\ncommand = ["python", "t.py"]\nreads = ["t.py"]\nwrites = ["made"]\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    small_project(folder, more=STEPS, files={"t.py": b"", "policy.yml": b"schema: 1\n"})
    monkeypatch.chdir(folder)
    return folder


def test_the_tasks_are_those_of_the_catalog_with_their_edges(root: Path) -> None:
    tasks = {task.name: task for task in generate_tasks("p", Project("release.toml").create_doit_tasks())}
    names = [name for name in tasks if tasks[name].actions]
    assert names == [
        "frozen:inputs",
        "step:make",
        "step:use",
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
        "bundle:zip",
    ]
    assert "step:make" in tasks["step:use"].task_dep
    assert tasks["step:make"].targets == ["made"]
    assert set(tasks["step"].task_dep) == {"step:make", "step:use"}
    assert all(task.doc for task in tasks.values())


def test_the_order_does_not_depend_on_where_doit_works(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = [task["basename"] for task in Project("release.toml").create_doit_tasks()]
    (root / "below").mkdir()
    monkeypatch.chdir(root / "below")
    assert [task["basename"] for task in Project("../release.toml").create_doit_tasks()] == here
    assert [task["basename"] for task in Project().create_doit_tasks()] == here  # found by searching upward


@pytest.mark.parametrize("text", ["schema = 1\n", "not toml", "schema = 2\n", ""])
def test_bad_configuration_reaches_doit_as_an_invalid_dodo_file(root: Path, text: str) -> None:
    """doit then prints the message without a traceback and exits with 3."""
    (root / "release.toml").write_text(text)
    with pytest.raises(InvalidDodoFile):
        list(Project("release.toml").create_doit_tasks())


def test_a_command_says_how_the_graph_is_asked_for(root: Path) -> None:
    project = Project("release.toml")
    assert (project.plan.mode, project.plan.policy) == (Mode(), None)
    project.ask(mode=Mode(snapshot=True), policy="policy.yml")
    assert project.plan.release.version.text == "1.0.0-snapshot"
    assert project.plan.policy == "policy.yml"
    assert [step.name for step in project.steps if step.verb == "package"] == ["package"]


def test_another_profile_takes_the_place_of_the_one_in_release_toml_and_is_marked(root: Path) -> None:
    project = Project("release.toml")
    project.ask(mode=Mode(soft=True), policy=None, profile="high_stakes")
    assert project.plan.release.profile == "high_stakes"
    assert project.plan.mode == Mode(soft=True, profile_override=True)
    assert project.release.profile == "default"
    project.ask(mode=Mode(), policy=None, profile="default")
    assert (project.plan.release.profile, project.plan.mode) == ("default", Mode())


def test_the_plan_is_made_anew_when_it_is_asked_for_otherwise(root: Path) -> None:
    project = Project("release.toml")
    before = project.steps
    project.ask(mode=Mode(strict=True), policy=None)
    assert project.steps != before


def test_a_policy_outside_the_project_is_refused(root: Path) -> None:
    (root.parent / "policy.yml").write_text("schema: 1\n")
    project = Project("release.toml")
    project.ask(mode=Mode(), policy="../policy.yml")
    with pytest.raises(ConfigError) as caught:
        _ = project.plan
    assert caught.value.what == "the policy lies outside the project"
    assert caught.value.found == str(root.parent / "policy.yml")


def test_the_python_api_names_it(root: Path) -> None:
    assert release_tasks.Project is Project
    config = release_tasks.Project("release.toml").doit_config
    assert config["dep_file"] == ".release/state.sqlite"
    assert config["backend"] == "release_tasks"
