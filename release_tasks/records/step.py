"""A step: what one task of the graph runs, reads and writes, before anything touches the disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

# Reproducibility classes (design §5): one for every released file.
Class = Literal["exact", "derived", "recorded"]

Argument = str | int | float | bool | None | tuple["Argument", ...]

RECORDS = ".release/records"


@dataclass(frozen=True, slots=True)
class Tree:
    """A set of globs, expanded by the engine when a step is checked, never while planning.

    `*` and `?` stay inside one component, `**` spans folders. Its digest is one row of state, so 100,000
    files cost one check. No match at all is an error unless `optional`.
    """

    patterns: tuple[str, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A file that a step makes: relative path, role in the release, reproducibility class."""

    path: str
    role: str = "record"
    cls: Class = "recorded"


@dataclass(frozen=True, kw_only=True, slots=True)
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


@cache
def glob_regex(pattern: str) -> re.Pattern[str]:
    """Compile a glob over relative POSIX paths; `**` spans folders, and matches none as well."""
    out = []
    for part in pattern.split("/"):
        if part == "**":
            out.append("(?:[^/]+/)*")
            continue
        out.append(_component(part) + "/")
    text = "".join(out)
    text = text[:-1] if text.endswith("/") else text + "[^/]+"  # a trailing ** matches every file below
    return re.compile(text, re.DOTALL)


def _component(part: str) -> str:
    out, index = [], 0
    while index < len(part):
        char = part[index]
        index += 1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and (end := part.find("]", index + 1)) > 0:
            body = part[index:end].replace("\\", r"\\")
            out.append(f"[^{body[1:]}]" if body[0] in "!^" else f"[{body}]")
            index = end + 1
        else:
            out.append(re.escape(char))
    return "".join(out)


def tree_matches(tree: Tree, path: str) -> bool:
    """Tell whether a path, such as another step's write, belongs to the tree."""
    return any(glob_regex(pattern).fullmatch(path) for pattern in tree.patterns)
