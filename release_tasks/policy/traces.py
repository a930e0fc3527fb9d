"""Traces: every number of a document carries its source in a comment that no reader sees (P16)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from release_tasks.formats.front_matter import number_text
from release_tasks.formats.markdown import plain
from release_tasks.records.content import Content, Figure
from release_tasks.records.frozen_record import frozen

_SOURCE = r"\S+ sha256:[0-9a-f]{16}"
_IN_TEXT = re.compile(rf"(?P<shown>[^\s<>|*`(]+)<!-- (?P<source>{_SOURCE}) -->")
_COMPARED = re.compile(rf"\S+(?: [^\s<|]+)?<!-- (?P<now>{_SOURCE}) against (?P<then>{_SOURCE}) -->")
_STATED = re.compile(r"[^|<>\n]*<!-- stated: [^<>\n]* -->")
_IN_FRONT = re.compile(rf"(?P<shown>\S+)  # (?P<source>{_SOURCE})$")


Sources: TypeAlias = "Mapping[str, tuple[Figure, ...]]"


def traced(figure: Figure) -> str:
    """A figure in Markdown: the number, and its source in an HTML comment (CommonMark 0.31 section 6.6)."""
    return f"{figure.shown}<!-- {figure.source} -->"


def traced_change(change: str, now: Figure, then: Figure) -> str:
    """A difference of two figures in Markdown, with both sources."""
    return f"{change}<!-- {now.source} against {then.source} -->"


def stated(text: str, why: str) -> str:
    """A fact that nobody measured in Markdown, and in a comment why it needs no source."""
    reason = re.sub("-(?=-)", "- ", plain(why)).rstrip("-")
    return f"{plain(text)}<!-- stated: {reason} -->"


@frozen
class Trace:
    """A source that a line of a document names; `shown` is its number, None for a comparison of two."""

    line: int
    source: str
    shown: str | None = None

    def flaw(self, known: Sources) -> tuple[str, str] | None:
        """What is wanted and found, when the evidence does not say so; `known` is `known_sources`."""
        figures = known.get(self.source)
        if figures is None:
            place = self.source.partition(" ")[0]
            same = [source for source in known if source.partition(" ")[0] == place]
            return (same[0] if same else f"a figure of {place.partition('#')[0]}", self.source)
        shown = {text for figure in figures for text in (figure.shown, number_text(figure.value))}
        if self.shown is None or self.shown in shown:
            return None
        return f"{' or '.join(figure.shown for figure in figures)}, as {self.source} says", self.shown


def known_sources(content: Content) -> Sources:
    """Every figure of a release by its source; one place can give several, as the rows of a parity pair."""
    found: dict[str, tuple[Figure, ...]] = {}
    for figure in content.figures.values():
        found[figure.source] = (*found.get(figure.source, ()), figure)
    return found


def without_traces(text: str) -> str:
    """A rendered document with every number that has a source, or says why it needs none, blotted out."""
    for pattern in (_COMPARED, _IN_TEXT, _STATED):
        text = pattern.sub(" ¤ ", text)
    return text


def traces_in(text: str) -> Iterator[Trace]:
    """Yield every source that a document names, in its order."""
    for number, line in enumerate(text.split("\n"), start=1):
        for match in (*_IN_TEXT.finditer(line), *_IN_FRONT.finditer(line)):
            yield Trace(line=number, source=match["source"], shown=match["shown"])
        for match in _COMPARED.finditer(line):
            yield from (Trace(line=number, source=match[side]) for side in ("now", "then"))
