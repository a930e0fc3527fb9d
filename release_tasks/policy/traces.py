"""Traces: every number of a document carries its source in a comment that no reader sees (P16)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.formats.front_matter import number_text
from release_tasks.records.content import Content, Figure
from release_tasks.records.frozen_record import frozen

_SOURCE = r"\S+ sha256:[0-9a-f]{16}"
_IN_TEXT = re.compile(rf"(?P<shown>[^\s<>|*`(]+)<!-- (?P<source>{_SOURCE}) -->")
_COMPARED = re.compile(rf"<!-- (?P<now>{_SOURCE}) against (?P<then>{_SOURCE}) -->")
_IN_FRONT = re.compile(rf"(?P<shown>\S+)  # (?P<source>{_SOURCE})$")


def traced(figure: Figure) -> str:
    """A figure in Markdown: the number, and its source in an HTML comment (CommonMark 0.31 section 6.6)."""
    return f"{figure.shown}<!-- {figure.source} -->"


def traced_change(change: str, now: Figure, then: Figure) -> str:
    """A difference of two figures in Markdown, with both sources."""
    return f"{change}<!-- {now.source} against {then.source} -->"


@frozen
class Trace:
    """A source that a line of a document names; `shown` is its number, None for a comparison of two."""

    line: int
    source: str
    shown: str | None = None

    def flaw(self, known: dict[str, Figure]) -> tuple[str, str] | None:
        """What is wanted and found, when the evidence does not say so; `known` is `known_sources`."""
        figure = known.get(self.source)
        if figure is None:
            path = self.source.partition("#")[0].partition(" ")[0]
            same = [source for source in known if source.partition(" ")[0] == self.source.partition(" ")[0]]
            return (same[0] if same else f"a figure of {path}", self.source)
        if self.shown is None or self.shown in {figure.shown, number_text(figure.value)}:
            return None
        return f"{figure.shown}, as {self.source} says", self.shown


def known_sources(content: Content) -> dict[str, Figure]:
    """Every figure of a release by its source."""
    return {figure.source: figure for figure in content.figures.values()}


def traces_in(text: str) -> Iterator[Trace]:
    """Yield every source that a document names, in its order."""
    for number, line in enumerate(text.split("\n"), start=1):
        for match in (*_IN_TEXT.finditer(line), *_IN_FRONT.finditer(line)):
            yield Trace(line=number, source=match["source"], shown=match["shown"])
        for match in _COMPARED.finditer(line):
            yield from (Trace(line=number, source=match[side]) for side in ("now", "then"))
