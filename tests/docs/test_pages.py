"""Every page: blocks say what they are, every command stands where a test types it, and what is not run is listed."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.docs.page_blocks import ROOT, Block, commands_of, pages, read_page

PAGES = {name: read_page(name) for name in pages()}
BLOCKS = [block for page in PAGES.values() for block in page.blocks]
_COMMAND = re.compile(r"^(\$ |(doit|release-tasks|make|pip|git|sha256sum) [a-z-])", re.MULTILINE)
_TARGET = re.compile(r"^make ([a-z-]+)$")
_KEYS_OF_OURS = {"release", "roots", "artifacts", "step", "dataset", "tests", "bench", "parity", "smoke"}
_MODEL = {"model": "m.safetensors", "tokenizer": "tokenizer.json", "config": "config.json"}
_LEAST_ARTIFACTS: dict[str, dict[str, str]] = {
    "dataset": {},
    "tooling": {"wheel": "x-1.0.0-py3-none-any.whl"},
}
_MINUTES = "needs the bundled model, which trains for minutes"
# Every command that no test types, by page and reason. A new one is a decision: it stands here.
NOT_RUN = {
    ("README.md", "takes minutes, and is what .ci/run does for every change"): 3,
    ("README.md", "installs packages; .ci/run does it for every change"): 1,
    ("README.md", _MINUTES): 1,
    ("CONTRIBUTING.md", "takes minutes, and is what .ci/run does for every change"): 4,
    (
        "docs/reference/parity.md",
        f"{_MINUTES}; tests/blackbox/test_640_parity.py types it for a small one",
    ): 1,
    ("docs/reference/tests.md", _MINUTES): 1,
    ("docs/tutorial/first-release.md", "installs packages; .ci/run does it for every change"): 3,
}


def test_what_is_not_run_is_what_is_listed() -> None:
    found: Counter[tuple[str, str]] = Counter()
    for block in BLOCKS:
        if block.not_run is not None:
            found[block.where.partition(":")[0], block.not_run] += len(commands_of(block))
    assert dict(found) == NOT_RUN


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.language, f"{block.where}: give the block a language; text, when it is no command"


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.language not in {"console", "markdown"} and not block.names],
    ids=lambda block: block.where,
)
def test_commands_stand_in_console_blocks(block: Block) -> None:
    found = _COMMAND.search(block.text)
    assert found is None, f"{block.where}: {found and found[0]!r} is a command: make the block console"


def test_console_blocks_are_made_of_commands() -> None:
    assert all(commands_of(block) for block in BLOCKS if block.language == "console")


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    typed = [
        command.text for block in BLOCKS if block.language == "console" for command in commands_of(block)
    ]
    assert {found[1] for text in typed if (found := _TARGET.match(text))} <= targets


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "toml"], ids=lambda block: block.where
)
def test_toml_is_what_the_schema_of_release_toml_allows(block: Block) -> None:
    """A piece of a file is completed with the least that a release.toml must say."""
    shown = tomllib.loads(block.text)
    if not shown.keys() & _KEYS_OF_OURS:
        return
    whole: dict[str, Any] = {"schema": 1, **shown}
    whole["release"] = {"name": "x", "version": "1.0.0", **shown.get("release", {})}
    least = _LEAST_ARTIFACTS.get(whole["release"].get("type", "model"), _MODEL)
    if artifacts := {**least, **shown.get("artifacts", {})}:
        whole["artifacts"] = artifacts
    schema = json.loads((files("release_tasks") / "schemas/release.schema.json").read_text("utf-8"))
    problems = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(whole)
    ]
    assert problems == [], block.where


def test_every_page_that_the_code_names_is_there() -> None:
    named = {
        page
        for path in sorted((ROOT / "release_tasks").rglob("*.py"))
        for page in re.findall(
            r"\bdocs/(?:adr|explanation|how-to|reference|tutorial)/[\w-]+\.md", path.read_text("utf-8")
        )
    }
    assert len(named) > 3
    assert sorted(page for page in named if not (ROOT / page).is_file()) == []
