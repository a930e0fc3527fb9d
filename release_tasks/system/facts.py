"""Facts of the world that belong to a step's identity, by name, so that `steps()` can stay pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from release_tasks.system.clock import release_date
from release_tasks.system.git import Commit, changed_paths, head_commit
from release_tasks.system.state import StateDatabase

_DIRTY = "+dirty"


def _source(root: Path, commit: Commit | None, previous: str | None) -> str:
    """Commit, and whether the tree was dirty when the step ran.

    A tree that was clean at that commit needs no second look (`git status` on 100,000 files costs more than
    the whole check): what was built is what the commit says. A dirty one is asked about again, so that a
    candidate built too early is replaced once the tree is clean.
    """
    if commit is None:
        return "none"
    if previous == commit.id:
        return previous
    return commit.id + (_DIRTY if changed_paths(root) else "")


def _date(_root: Path, commit: Commit | None, _previous: str | None) -> str:
    return release_date(None if commit is None else commit.time) or "none"


FACTS: dict[str, Callable[[Path, Commit | None, str | None], str]] = {"source": _source, "date": _date}


def resolve_facts(
    root: Path, names: tuple[str, ...], previous: Mapping[str, str], memory: StateDatabase | None = None
) -> tuple[tuple[str, str], ...]:
    """Look up each named fact of the project at `root`, given what it was when the step last ran.

    `memory` as in `head_commit`. Raises ConfigError for a bad SOURCE_DATE_EPOCH.
    """
    if not names:
        return ()
    commit = head_commit(root, memory)
    return tuple((name, FACTS[name](root, commit, previous.get(name))) for name in names)


def source_of(fact: str) -> tuple[str | None, bool]:
    """Split the fact `source` into commit (None without git) and dirty flag."""
    if fact == "none":
        return None, False
    return fact.removesuffix(_DIRTY), fact.endswith(_DIRTY)
