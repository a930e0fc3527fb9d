"""K20: hooks come from the locked environments only, and those that we ship call commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from release_tasks.verbs.registration import COMMANDS

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
SHIPPED = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
# Where a tool comes from, and the file of hashes that it was installed by.
LOCKS = {
    ".venv/": "requirements.lock",
    ".ci/pre-commit/venv/": ".ci/pre-commit/requirements.txt",
    ".ci/workflows/python/": ".ci/workflows/requirements.txt",
    ".ci/workflows/node_modules/": ".ci/workflows/package-lock.json",
}


def test_no_hook_is_fetched() -> None:
    """K20: pinned by hash, because every tool is."""
    (repo,) = CONFIG["repos"]
    assert repo["repo"] == "local"
    for hook in repo["hooks"]:
        assert hook["language"] == "system"
        program = shlex.split(hook["entry"])[0]
        (lock,) = [lock for place, lock in LOCKS.items() if program.startswith(place)]
        assert (ROOT / lock).is_file()


@pytest.mark.parametrize("name", [name for name in LOCKS.values() if name.endswith(("lock", ".txt"))])
def test_every_package_of_a_lock_has_its_hashes(name: str) -> None:
    """K13: no requirement without one, and no address of an index."""
    text = (ROOT / name).read_text("utf-8")
    entries = re.findall(r"^[a-z0-9][^\n]*(?:\\\n +--hash[^\n]*)+", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 0
    assert "://" not in "".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def test_shipped_hooks_call_our_commands() -> None:
    """C6, C7: ids and stages are what people have in their configuration."""
    assert [hook["id"] for hook in SHIPPED] == [
        "release-check",
        "release-docs",
        "release-version",
        "release-tag",
    ]
    for hook in SHIPPED:
        program, verb, *_ = shlex.split(hook["entry"])
        assert (program, hook["language"]) == ("release-tasks", "python")
        assert verb in COMMANDS
    assert SHIPPED[-1]["stages"] == ["pre-push"]
    page = (ROOT / "docs/reference/ci.md").read_text("utf-8")
    rows = re.findall(r"^\| `(release-\w+)` \| [a-z-]+ \| `([^`]+)` \|", page, re.MULTILINE)
    assert rows == [(hook["id"], hook["entry"]) for hook in SHIPPED]
