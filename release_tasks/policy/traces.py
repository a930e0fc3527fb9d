"""Traces: every number of a document carries its source in a comment that no reader sees (P16)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.records.content import Figure
from release_tasks.records.frozen_record import frozen

_TRACE = re.compile(r"(?P<shown>[^\s<>|*`(]+)<!-- (?P<source>\S+ sha256:[0-9a-f]{16}) -->")


def traced(figure: Figure) -> str:
    """A figure in Markdown: the number, and its source in an HTML comment (CommonMark 0.31 section 6.6)."""
    return f"{figure.shown}<!-- {figure.source} -->"


@frozen
class Trace:
    """A number of a document, as shown, and the source that it names; lines are counted from 1."""

    line: int
    shown: str
    source: str


def traces_in(text: str) -> Iterator[Trace]:
    """Yield every traced number of a document in its order."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _TRACE.finditer(line):
            yield Trace(line=number, shown=match["shown"], source=match["source"])
