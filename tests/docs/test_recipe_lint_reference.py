"""docs/reference/recipe-lint.md names every rule of the lint, and its examples are what it says they are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from release_tasks.policy.recipe_lint import lint_source
from release_tasks.policy.recipe_rules import RULES
from release_tasks.stages.recipe_action import lint_recipe
from tests.fakes.small_project import small_project

_TEXT = (Path(__file__).parents[2] / "docs/reference/recipe-lint.md").read_text("utf-8")
_SECTIONS = dict(re.findall(r"^### `([a-z0-9-]+)`\n(.*?)(?=^##|\Z)", _TEXT, re.DOTALL | re.MULTILINE))
_BLOCK = re.compile(r"^```(python|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def found_in(language: str, example: str, folder: Path) -> set[str]:
    """The rules that an example breaks; a table of release.toml is linted in a project."""
    if language == "python":
        return {item.rule for item in lint_source(example) if item.reason is None}
    project = small_project(folder, more=example, files={"data.json": b"{}", "trainer.py": b"pass\n"})
    project.run("recipe", lint_recipe)
    record: Any = json.loads((folder / ".release/records/recipe.json").read_text("utf-8"))
    return {row["rule"] for row in record["data"]["findings"]}


def test_every_rule_has_its_section_and_no_other_is_there() -> None:
    assert sorted(_SECTIONS) == sorted(RULES)


@pytest.mark.parametrize("name", RULES)
def test_the_bad_example_breaks_its_rule_alone_and_the_good_one_none(name: str, tmp_path: Path) -> None:
    text = _SECTIONS[name]
    assert text.startswith(f"\nWhy: {RULES[name].why}.\nInstead: {RULES[name].fix}.\n")
    (bad, good) = _BLOCK.findall(text)
    assert found_in(*bad, tmp_path / "bad") == {name}
    assert found_in(*good, tmp_path / "good") == set()


def test_the_marker_of_the_page_accepts_what_it_names() -> None:
    ((_, example),) = _BLOCK.findall(_TEXT.partition("## To accept a finding")[2].partition("\n## ")[0])
    assert [(item.rule, item.line) for item in lint_source(example)] == [("clock", 3), ("clock", 5)]
    assert all(item.reason for item in lint_source(example))
