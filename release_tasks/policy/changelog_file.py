"""A project's CHANGELOG.md: where the section of a release stands, and what may be replaced there."""

from __future__ import annotations

import hashlib
import re

from release_tasks.errors import ConfigError

_HEADING = re.compile(r"## +\[?(?P<name>[^\s\]]+)\]?(?:\s.*)?")
_MARK = re.compile(r"<!-- written by release_tasks, sha256:([0-9a-f]{16}) -->")
_NEW = "# Changelog\n\nHeadings follow [Keep a Changelog](https://keepachangelog.com).\n\n## Unreleased\n"


def with_section(text: str | None, section: str, version: str, *, where: str) -> str:
    """The text of CHANGELOG.md with the section of a version in it, below `## Unreleased`; None for no file.

    The section carries the digest of its words, so that one that was edited by hand is told from one that may
    be replaced. One that says the same but for its date stays as it is. Raises ConfigError for one that was
    edited, or that somebody else wrote.
    """
    lines = (_NEW if text is None else text).splitlines()
    headings = [
        (number, match["name"]) for number, line in enumerate(lines) if (match := _HEADING.fullmatch(line))
    ]
    heading, *body = section.rstrip("\n").splitlines()
    new = [heading, f"<!-- written by release_tasks, sha256:{_digest(body)} -->", *body]
    at = next((number for number, name in headings if name == version), None)
    if at is not None:
        end = next((number for number, _ in headings if number > at), len(lines))
        old = _stripped(lines[at + 1 : end])
        mark = _MARK.fullmatch(old[0]) if old else None
        if mark is None or mark[1] != _digest(old[1:]):
            raise ConfigError(
                f"the section of {version} was written or edited by hand",
                wanted="a section that release_tasks wrote, or none",
                found=lines[at],
                where=f"{where}: line {at + 1}",
                hint="remove the section to have it written anew, or keep it as it is",
            )
        if mark[1] == _digest(body):
            return text or ""
        lines[at:end] = [*new, *([""] if end < len(lines) else [])]
        return "\n".join(lines) + "\n"
    place = _place(headings, len(lines))
    before = _stripped(lines[:place])
    rest = lines[place:]
    return "\n".join([*before, "", *new, *(["", *rest] if rest else [])]) + "\n"


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
