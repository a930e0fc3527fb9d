"""A step: what one task of the graph runs, reads and writes, before anything touches the disk."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

from release_tasks.records.frozen_record import frozen, frozen_positional

# Reproducibility classes (design §5): one for every released file.
Class = Literal["exact", "derived", "recorded"]

Argument = str | int | float | bool | None | tuple["Argument", ...]

RECORDS = ".release/records"


@frozen_positional
class Tree:
    """A set of globs, expanded by the engine when a step is checked, never while planning.

    `*` and `?` stay inside one component, `**` spans folders. Its digest is one row of state, so 100,000
    files cost one check. No match at all is an error unless `optional`.
    """

    patterns: tuple[str, ...]
    optional: bool = False


@frozen_positional
class Write:
    """A file that a step makes: relative path, role in the release, reproducibility class."""

    path: str
    role: str = "record"
    cls: Class = "recorded"


@frozen
class Step:
    """One task of the graph.

    `run` names the action as `module:function`; it is imported when the step runs, so that planning never
    imports what only running needs. `facts` name the facts of the world that belong to the step's identity
    (see `system.facts`). `folder` is a directory that the step leaves behind as a whole, checked by digest.
    """

    verb: str
    run: str
    doc: str
    subject: str = ""
    args: tuple[tuple[str, Argument], ...] = ()
    reads: tuple[str | Tree, ...] = ()
    writes: tuple[Write, ...] = ()
    folder: str | None = None
    after: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    alone: bool = False
    network: bool = False
    devices: tuple[str, ...] = ()
    params: tuple[tuple[str, Argument], ...] = ()
    user: bool = False

    @property
    def name(self) -> str:
        """The task's name as `doit list` shows it: `verb` or `verb:subject`."""
        return f"{self.verb}:{self.subject}" if self.subject else self.verb

    @property
    def files(self) -> tuple[str, ...]:
        """The reads that are single files."""
        return tuple(read for read in self.reads if isinstance(read, str))

    @property
    def trees(self) -> tuple[Tree, ...]:
        """The reads that are sets of globs."""
        return tuple(read for read in self.reads if isinstance(read, Tree))


def tree_matches(tree: Tree, path: str) -> bool:
    """Tell whether a path, such as another step's write, belongs to the tree, as `walk.expand_glob` does."""
    likely = [pattern for pattern in tree.patterns if path.startswith(_beginning(pattern))]
    names = tuple(path.split("/"))
    return any(_matches(tuple(pattern.split("/")), names) for pattern in likely)


@cache
def _beginning(pattern: str) -> str:
    """What every path that a glob matches begins with: nearly all fail there, in a tenth of the time."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def _matches(parts: tuple[str, ...], names: tuple[str, ...]) -> bool:
    if not parts or not names:
        return not parts and not names
    if parts[0] != "**":
        return _fits(parts[0], names[0]) and _matches(parts[1:], names[1:])
    if set(parts) == {"**"}:
        return not any(name.startswith(".") for name in names)
    return _matches(parts[1:], names) or (not names[0].startswith(".") and _matches(parts, names[1:]))


def _fits(part: str, name: str) -> bool:
    """Match one component; a hidden name wants a pattern that begins with a dot."""
    return fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
