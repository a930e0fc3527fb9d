"""What every secret scanner is given and gives: documents in, hits out, never the secret itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from release_tasks.formats.text_lines import JoinedLines, Line, text_lines
from release_tasks.policy.release_scope import Depth
from release_tasks.records.frozen_record import frozen

_DOMAIN = "release_tasks/secret/1"


class Document:
    """One text to scan: its name in the release, its bytes as text, and how deep to look.

    `holds_digests`: every hex string of it is a digest by its format, and was compared with the files.
    """

    def __init__(self, path: str, text: str, depth: Depth = "all", *, holds_digests: bool = False) -> None:
        self.path = path
        self.text = text
        self.depth = depth
        self.holds_digests = holds_digests

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The text cut into lines."""
        return text_lines(self.text, path=self.path)

    @cached_property
    def joined(self) -> JoinedLines:
        """The lines as one text."""
        return JoinedLines(self.lines)


@dataclass(frozen=True, order=True, slots=True)
class Hit:
    """What may be shown of a secret: where it stands (line from 1), by which rule, and its fingerprint."""

    path: str
    line: int
    rule: str
    fingerprint: str


@frozen
class ScanResult:
    """What one scanner found, and what it proved of itself in the same run.

    `controls` is the number of planted secrets, one for each rule that is switched on; `missed` are the rules
    that did not find theirs. `problem` says why it could not scan; no hits then mean nothing.
    """

    name: str
    version: str
    hits: tuple[Hit, ...] = ()
    controls: int = 0
    missed: tuple[str, ...] = ()
    problem: str | None = None


class Scanner(Protocol):
    """A tool that finds secrets; it contacts nobody, and honours no comment that excuses a line."""

    def scan(self, documents: Sequence[Document]) -> ScanResult:
        """Scan planted secrets first, then the documents; what keeps it from scanning is in the result."""


def fingerprint(path: str, rule: str, secret: str) -> str:
    """Name a secret without telling it: SHA-256 of domain, path, rule and secret, each after a line feed.

    Path and rule hold no line feed, so no two findings have one text. Whoever guesses the secret can confirm
    the guess: a weak password is not hidden by its fingerprint.
    """
    text = f"{_DOMAIN}\n{path}\n{rule}\n{secret}"
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def unique(hits: Iterator[Hit]) -> tuple[Hit, ...]:
    """Keep the first line of every (path, rule, fingerprint), sorted."""
    first: dict[tuple[str, str, str], Hit] = {}
    for hit in sorted(hits):
        first.setdefault((hit.path, hit.rule, hit.fingerprint), hit)
    return tuple(sorted(first.values()))
