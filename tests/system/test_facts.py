from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release_tasks.errors import ConfigError, EnvironmentRefused
from release_tasks.system.facts import FACTS, resolve_facts, source_of
from release_tasks.system.state import StateDatabase

FAKE = "#!/bin/sh\necho \"$1\" >> '{log}'\nexec '{git}' \"$@\"\n"


def git(root: Path, *args: str) -> str:
    env = {**os.environ, "GIT_COMMITTER_DATE": "1000000000 +0000"}
    done = subprocess.run(["git", *args], cwd=root, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "file").write_text("one")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The git commands that were started, one a line."""
    if sys.platform == "win32":
        pytest.skip("needs a shell script on PATH")
    log, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    log.touch()
    (folder / "git").write_text(FAKE.format(log=log, git=shutil.which("git")))
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


def source(root: Path, previous: str | None, memory: StateDatabase | None = None) -> str:
    ((name, value),) = resolve_facts(
        root, ("source",), {} if previous is None else {"source": previous}, memory
    )
    assert name == "source"
    return value


def test_a_clean_tree_at_its_commit_is_not_looked_at_again(root: Path, calls: Path, tmp_path: Path) -> None:
    memory = StateDatabase(tmp_path / "m.sqlite")
    head = git(root, "rev-parse", "HEAD")
    calls.write_text("")
    assert source(root, None, memory) == head
    assert calls.read_text().split() == ["log", "status"]
    calls.write_text("")
    assert source(root, head, memory) == head
    assert calls.read_text() == ""
    (root / "file").write_text("dirty")  # what was built is what the commit says
    assert source(root, head, memory) == head


def test_a_dirty_tree_is_asked_about_until_it_is_clean(root: Path) -> None:
    head = git(root, "rev-parse", "HEAD")
    (root / "file").write_text("dirty")
    assert source(root, None) == f"{head}+dirty"
    assert source(root, f"{head}+dirty") == f"{head}+dirty"
    (root / "file").write_text("one")
    assert source(root, f"{head}+dirty") == head


def test_a_new_commit_is_looked_at(root: Path) -> None:
    old = git(root, "rev-parse", "HEAD")
    git(root, "commit", "-qm", "two", "--allow-empty")
    new = git(root, "rev-parse", "HEAD")
    assert source(root, old) == new != old
    (root / "new").touch()
    assert source(root, old) == f"{new}+dirty"


def test_a_tree_that_git_cannot_look_at_is_not_clean(root: Path) -> None:
    (root / ".git" / "index").write_bytes(b"garbage")
    with pytest.raises(EnvironmentRefused, match="git cannot tell whether the tree is clean"):
        source(root, None)


def test_without_git_there_is_no_source_and_no_date(tmp_path: Path) -> None:
    assert resolve_facts(tmp_path, ("source", "date"), {}) == (("source", "none"), ("date", "none"))


def test_the_date_is_the_commits_or_the_variables(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_facts(root, ("date",), {}) == (("date", "2001-09-09T01:46:40Z"),)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert resolve_facts(root, ("date",), {}) == (("date", "1970-01-01T00:00:00Z"),)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH is not a time"):
        resolve_facts(root, ("date",), {})


def test_who_asks_for_nothing_starts_nothing(root: Path, calls: Path) -> None:
    assert resolve_facts(root, (), {}) == ()
    assert calls.read_text() == ""


@pytest.mark.parametrize(
    ("fact", "split"),
    [("none", (None, False)), ("a" * 40, ("a" * 40, False)), ("a" * 40 + "+dirty", ("a" * 40, True))],
)
def test_the_source_splits_into_commit_and_flag(fact: str, split: tuple[str | None, bool]) -> None:
    assert source_of(fact) == split


def test_the_table_of_facts() -> None:
    assert sorted(FACTS) == ["date", "source"]
