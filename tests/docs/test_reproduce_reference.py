"""docs/reference/reproduce.md says what the code says, and shows what the command prints."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from release_tasks.config.schema import Reproduce as Table
from release_tasks.engine.reproduce_command import Reproduce
from release_tasks.policy.rebuild_level import LEVELS
from release_tasks.records.likeness import LIKENESSES
from release_tasks.records.rebuild import OUTCOMES
from release_tasks.stages.own_schema import schema_bytes
from tests.blackbox.project import flip_last, released_project

_TEXT = (Path(__file__).parents[2] / "docs/reference/reproduce.md").read_text("utf-8")
_SHOWN = re.findall(r"```\n\$ doit (.*)\n((?:.*\n)*?)```", _TEXT)


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


def lines(text: str, root: Path) -> list[str]:
    """The lines of an output without what differs: digests, seconds, folders, and what a machine can vary."""
    text = text.replace(str(root), "…")
    text = re.sub(r"^  varied(?:.*\n)*?(?=  seconds)", "", text, flags=re.MULTILINE)
    text = re.sub(r"\b[0-9a-f]{40,64}\b", "HEX", text)
    text = re.sub(r" +\d+\.\d\b", " SECONDS", text)
    return re.sub(r"under \d+ variations", "under N variations", text).splitlines()


def test_the_page_shows_what_the_command_prints(tmp_path: Path) -> None:
    project = released_project(tmp_path)
    shutil.copytree(project.path("release/1.0.0"), project.path("damaged"))
    tokenizer = project.path("damaged/tokenizer.json")
    tokenizer.chmod(0o644)
    tokenizer.write_bytes(flip_last(tokenizer.read_bytes()) + b"\n")
    codes = []
    for command, shown in _SHOWN:
        done = project.doit(*command.split())
        wanted = lines(shown, project.root)
        assert lines(done.stderr + done.stdout, project.root)[: len(wanted)] == wanted
        codes.append(done.returncode)
    assert codes == [0, 0, 1]
