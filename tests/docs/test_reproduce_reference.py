"""docs/reference/reproduce.md says what the code says; its commands are typed by test_reference_commands.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from release_tasks.config.schema import Reproduce as Table
from release_tasks.engine.reproduce_command import Reproduce
from release_tasks.policy.rebuild_level import LEVELS
from release_tasks.records.likeness import LIKENESSES
from release_tasks.records.rebuild import OUTCOMES
from release_tasks.stages.own_schema import schema_bytes

_TEXT = (Path(__file__).parents[2] / "docs/reference/reproduce.md").read_text("utf-8")


def rows(heading: str) -> list[str]:
    """The lines of the table whose head begins with `heading`."""
    return _TEXT[_TEXT.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]


def first_names(heading: str) -> list[str]:
    """All names in the first cells of a table."""
    return [name for row in rows(heading) for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_the_tables_are_complete() -> None:
    options = [name.removeprefix("--").partition(" ")[0] for name in first_names("option")]
    assert options == [option["long"] for option in Reproduce.cmd_options]
    assert first_names("outcome") == list(OUTCOMES)
    assert sorted(first_names("key")) == sorted(json.loads(schema_bytes("rebuild"))["properties"])
    assert all(f"| {number} | {text} |" in _TEXT for number, text in enumerate(LEVELS))
    assert len(rows("level")) == len(LEVELS)


@pytest.mark.parametrize(
    "text", [f"(default `{Table().records}`)", ", ".join(f"`{word}`" for word in LIKENESSES)]
)
def test_the_page_names(text: str) -> None:
    assert text in _TEXT
