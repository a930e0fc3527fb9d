"""The blocks of a page of documentation: commands with what they print, files to write, Python, and pieces of text.

The grammar is stated in CONTRIBUTING.md, section "Documentation". Nothing here runs or writes anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(?P<fence>```+|~~~+)(?P<info>[^`]*)$")
_NAMED = re.compile(r'\b(title|append)="([^"]+)"')
_SETUP = re.compile(r"^<!-- setup: (.+) -->$", re.MULTILINE)
_NOT_RUN = re.compile(r"^<!-- not run: (.+) -->$")
_EXIT_CODE = re.compile(r"\s+# exit code (\d+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `where` is `page:line` of its first fence."""

    where: str
    language: str
    text: str
    names: dict[str, str] = field(default_factory=dict)
    not_run: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a console block; `shown` is None when the page shows nothing of what it prints."""

    text: str
    exit_code: int
    shown: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page, its blocks in order, and the place in which its commands are typed."""

    name: str
    setup: str
    blocks: tuple[Block, ...]

    def runs(self) -> bool:
        """Tell whether a block of it is executed."""
        return any(block.language in {"console", "pycon"} and block.not_run is None for block in self.blocks)


def pages() -> list[str]:
    """Every page that people read, relative to the root; what Sphinx makes is none."""
    docs = (path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    kept = (name for name in docs if not name.startswith("docs/adr/"))
    return sorted(("README.md", "CONTRIBUTING.md", *kept))


def read_page(name: str) -> Page:
    """Read a page; raises AssertionError for a block that does not end and for two setups."""
    return parse_page(name, (ROOT / name).read_text("utf-8"))


def parse_page(name: str, text: str) -> Page:
    """Find the blocks of a text; raises AssertionError for one that does not end and for two setups."""
    setups = _SETUP.findall(text)
    assert len(setups) <= 1, f"{name} has {len(setups)} setups"
    blocks, lines, mark = [], iter(enumerate(text.splitlines(), 1)), None
    for number, line in lines:
        opened = _FENCE.match(line)
        if opened is None:
            reason = _NOT_RUN.match(line)
            if reason or line:
                mark = reason[1] if reason else None
            continue
        body, closed = [], False
        for _, inner in lines:
            if inner == opened["fence"]:
                closed = True
                break
            body.append(inner)
        where = f"{name}:{number}"
        assert closed, f"{where}: the block does not end"
        language = (opened["info"].split() or [""])[0]
        names = dict(_NAMED.findall(opened["info"]))
        blocks.append(Block(where, language, "".join(f"{row}\n" for row in body), names, mark))
        mark = None
    return Page(name, setups[0] if setups else "empty", tuple(blocks))


def commands_of(block: Block) -> list[Command]:
    """The commands of a console block; raises AssertionError for output before the first one."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if found and found[-1][0][-1].endswith("\\") and not found[-1][1]:
            found[-1][0].append(line)
        elif line.startswith("$ "):
            found.append(([line[2:]], []))
        else:
            assert found, f"{block.where}: a console block begins with a command"
            found[-1][1].append(line)
    made = []
    for typed, shown in found:
        text = "\n".join(typed)
        code = _EXIT_CODE.search(text)
        while shown and not shown[-1]:
            shown.pop()
        made.append(
            Command(_EXIT_CODE.sub("", text), int(code[1]) if code else 0, tuple(shown) if shown else None)
        )
    return made
