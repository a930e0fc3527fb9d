"""A project's CHANGELOG.md: where the section of a release stands, and what may be replaced there."""

from __future__ import annotations

import hashlib
import re

from release_tasks.errors import ConfigError
from release_tasks.formats.markdown_lines import markdown_lines

_HEADING = re.compile(r"## +\[?(?P<name>[^\s\]]+)\]?(?:\s.*)?")
_MARK = re.compile(r"<!-- written by release_tasks, sha256:([0-9a-f]{16}) -->")
_NEW = "# Changelog\n\nHeadings follow [Keep a Changelog](https://keepachangelog.com).\n\n## Unreleased\n"


def with_section(text: str | None, section: str, version: str, *, where: str) -> str:
    """The text of CHANGELOG.md with the section of a version in it, below `## Unreleased`; None for no file.

    The section carries the digest of its words, so that one that was edited by hand is told from one that may
    be replaced; one that says the same but for its date stays as it is. All other lines keep their bytes.
    Raises ConfigError for a section that was edited, or that somebody else wrote.
    """
    text = _NEW if text is None else text
    end_of_line = "\r" if "\r\n" in text else ""
    lines = text.split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    headings = _headings(text)
    heading, *body = section.rstrip("\n").split("\n")
    mark_line = f"<!-- written by release_tasks, sha256:{_digest(body)} -->"
    new = [f"{line}{end_of_line}" for line in (heading, mark_line, *body)]
    at = next((number for number, name in headings if name.removeprefix("v") == version), None)
    if at is not None:
        end = next((number for number, _ in headings if number > at), len(lines))
        old = _stripped([line.removesuffix("\r") for line in lines[at + 1 : end]])
        mark = _MARK.fullmatch(old[0]) if old else None
        if mark is None or mark[1] != _digest(old[1:]):
            raise ConfigError(
                f"the section of {version} was written or edited by hand",
                wanted="a section that release_tasks wrote, or none",
                found=lines[at].removesuffix("\r"),
                where=f"{where}: line {at + 1}",
                hint="remove the section to have it written anew, or keep it as it is",
            )
        if mark[1] == _digest(body):
            return text
        lines[at:end] = [*new, *([end_of_line] if end < len(lines) else [])]
        return "\n".join(lines) + "\n"
    place = _place(headings, len(lines))
    before = _stripped(lines[:place])
    before[-1:] = [line.removesuffix("\r") + end_of_line for line in before[-1:]]
    rest = lines[place:]
    return "\n".join([*before, end_of_line, *new, *([end_of_line, *rest] if rest else [])]) + "\n"


def _headings(text: str) -> list[tuple[int, str]]:
    """Every `## name` with the index of its line; what stands in code or a comment is none."""
    found = ((line, _HEADING.fullmatch(line.shown.rstrip("\r"))) for line in markdown_lines(text))
    return [(line.number - 1, match["name"]) for line, match in found if match and not line.fenced]


def _place(headings: list[tuple[int, str]], end: int) -> int:
    """Before the first section that is not `Unreleased`."""
    return next((number for number, name in headings if name.casefold() != "unreleased"), end)


def _stripped(lines: list[str]) -> list[str]:
    """Without empty lines at the end."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _digest(body: list[str]) -> str:
    return hashlib.sha256("\n".join(_stripped(body)).strip("\n").encode("utf-8")).hexdigest()[:16]
