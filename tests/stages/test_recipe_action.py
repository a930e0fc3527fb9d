"""The step `recipe`, without doit: which sources are read, and what is written of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.schema import UserStep
from release_tasks.records.step import Tree
from release_tasks.stages.recipe import may_be_source, runs_python, scripts
from release_tasks.stages.recipe_action import lint_recipe
from tests.fakes.small_project import SmallProject, small_project

CLOCK = b"import time\nx = time.time()\n"
DATASET = '[dataset]\nversion = "1"\nfiles = ["corpus/**"]\n'


def step(command: list[str], reads: list[str], name: str = "train") -> str:
    writes = [f"{name}.out"]
    return f'[[step]]\nname = "{name}"\ncommand = {json.dumps(command)}\nreads = {json.dumps(reads)}\nwrites = {json.dumps(writes)}\n'


def linted(project: SmallProject) -> Any:
    project.run("recipe", lint_recipe)
    return json.loads((project.root / ".release/records/recipe.json").read_text("utf-8"))


def user(*command: str) -> UserStep:
    return UserStep(name="train", command=command, writes=("x",))


@pytest.mark.parametrize(
    ("command", "runs", "named"),
    [
        (("python", "train.py"), True, ("train.py",)),
        (("python3.12", "-m", "train"), True, ()),
        (("/opt/x/bin/python", "./src/train.py"), True, ("src/train.py",)),
        (("torchrun", "train.py", "{seed}"), True, ("train.py",)),
        (("env", "python", "-c", "pass"), True, ()),
        (("python", "/opt/x/train.py", "../train.py"), True, ()),
        (("bash", "train.sh"), False, ()),
        (("Rscript", "train.R", "python-like"), False, ()),
    ],
)
def test_what_runs_python_and_which_scripts_it_names(
    command: tuple[str, ...], runs: Any, named: tuple[str, ...]
) -> None:
    assert (runs_python(user(*command)), scripts(user(*command))) == (runs, named)


@pytest.mark.parametrize(
    ("declared", "may"),
    [
        ("a.py", True), ("a.pyc", False), ("src/*.py", True), ("src/**", True), ("src/*", True), ("src/a.p?", True),
        ("data/*.json", False), ("data/**/x.bin", False), ("src/[ab].py", True), ("src/*y", True),
    ],
)  # fmt: skip
def test_a_glob_that_cannot_match_python_is_not_expanded(declared: str, may: Any) -> None:
    assert may_be_source(declared) is may


def test_every_source_of_every_step_is_read_once(tmp_path: Path) -> None:
    more = step(["python", "train.py"], ["train.py", "lib/*", "corpus/**", "data.json"])
    more += step(["python", "other.py"], ["lib/*"], name="other") + DATASET
    names = ("train.py", "other.py", "lib/a.py", "lib/b.txt", "corpus/c.py")
    project = small_project(tmp_path, more=more, files={**dict.fromkeys(names, CLOCK), "data.json": b"{}"})
    assert project.step("recipe").reads == (
        "train.py",
        Tree(("corpus/**",)),
        Tree(("lib/*",)),
        Tree(("other.py",), optional=True),
    )
    record = linted(project)
    assert record["kind"] == "recipe"
    assert sorted(record["subjects"]) == ["corpus/**", "lib/*", "other.py", "train.py"]
    assert record["data"] == {
        "sources": ["lib/a.py", "other.py", "train.py"],
        "findings": [
            {"source": path, "line": 2, "column": 5, "rule": "clock", "found": "time.time()"}
            for path in ("lib/a.py", "other.py", "train.py")
        ],
        "accepted": [],
    }


def test_code_on_the_command_line_is_read_as_the_step(tmp_path: Path) -> None:
    code = "import random; x = {{random.random(): '{seed}'}}  # recipe: ignore[unseeded-generator] a test"
    more = step(["python", "-c", code], []) + "seed = 7\n"
    data = linted(small_project(tmp_path, more=more))["data"]
    assert (data["sources"], data["findings"]) == (["step:train"], [])
    assert data["accepted"] == [
        {
            "source": "step:train",
            "line": 1,
            "column": 21,
            "rule": "unseeded-generator",
            "found": "random.random() without random.seed",
            "reason": "a test",
        }
    ]


def test_a_step_of_python_without_a_source_is_a_finding(tmp_path: Path) -> None:
    more = step(["python", "-m", "trainer"], ["data/*"])
    data = linted(small_project(tmp_path, more=more, files={"data/a.json": b"{}"}))["data"]
    assert data == {
        "sources": [],
        "findings": [
            {
                "source": "step:train",
                "line": 0,
                "column": 0,
                "rule": "no-source",
                "found": "no Python source is declared",
            }
        ],
        "accepted": [],
    }


@pytest.mark.parametrize("more", ["", step(["bash", "train.sh"], ["train.py"])])
def test_without_a_command_of_python_nothing_is_planned(tmp_path: Path, more: str) -> None:
    project = small_project(tmp_path, more=more, files={"train.py": CLOCK})
    with pytest.raises(StopIteration):
        project.step("recipe")


def test_settings_of_the_entry_script_count_for_its_modules(tmp_path: Path) -> None:
    more = step(["python", "train.py"], ["train.py", "draw.py"])
    files = {
        "train.py": b"import random\nrandom.seed(7)\n",
        "draw.py": b"import random\nx = random.random()\n",
    }
    assert linted(small_project(tmp_path / "a", more=more, files=files))["data"]["findings"] == []
    more += step(["python", "draw.py"], ["draw.py"], name="alone")
    found = linted(small_project(tmp_path / "b", more=more, files=files))["data"]["findings"]
    assert [(row["source"], row["rule"]) for row in found] == [("draw.py", "unseeded-generator")]
