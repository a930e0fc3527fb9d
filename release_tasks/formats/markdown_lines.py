"""Markdown by lines: which are code, and what is left without comments (CommonMark 0.31)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.records.frozen_record import frozen

# A fence may stand in a list or a quotation; what follows one of backticks has none (section 4.5).
_FENCE = re.compile(r" {0,3}(?P<inside>(?:(?:[-+*]|\d{1,9}[.)]) +|> ?)*)(?P<fence>`{3,}(?!.*`)|~{3,})")
CODE_SPAN = re.compile(r"(?<![\\`])(?P<run>`+)(?!`)(?:.*?[^`])(?P=run)(?!`)")
_CODE_OR_COMMENT = re.compile(rf"(?P<code>{CODE_SPAN.pattern})|(?P<whole><!---?>|<!--.*?-->)|(?P<open><!--)")


@frozen
class MarkdownLine:
    """A line: its number from 1, the text as it is, what readers see of it, and whether it is fenced code."""

    number: int
    text: str
    shown: str
    fenced: bool


@frozen
class OpenEnd:
    """A fence or a comment that is not closed: the line that opens it, and what would close it."""

    line: int
    opens: str
    closes: str


def markdown_lines(text: str) -> Iterator[MarkdownLine]:
    """Yield every line; what stands in a comment is not shown (section 6.6)."""
    yield from (line for line in _scan(text) if isinstance(line, MarkdownLine))


def open_end(text: str) -> OpenEnd | None:
    """What is opened and never closed, so that everything behind it would be something else than it seems."""
    return next((end for end in _scan(text) if isinstance(end, OpenEnd)), None)


def _scan(text: str) -> Iterator[MarkdownLine | OpenEnd]:
    fence = comment = None
    for number, line in enumerate(text.split("\n"), start=1):
        rest = line
        if comment is not None:
            _, closed, rest = line.partition("-->")
            if not closed:
                yield MarkdownLine(number=number, text=line, shown="", fenced=False)
                continue
            comment = None
        elif fence is not None:
            yield MarkdownLine(number=number, text=line, shown=line, fenced=True)
            if _closes(line, fence):
                fence = None
            continue
        elif (match := _FENCE.match(line)) is not None:
            fence = OpenEnd(line=number, opens=line, closes=match["fence"])
            yield MarkdownLine(number=number, text=line, shown=line, fenced=True)
            continue
        shown, is_open = _without_comments(rest)
        if is_open:
            comment = OpenEnd(line=number, opens=line, closes="-->")
        yield MarkdownLine(number=number, text=line, shown=shown, fenced=False)
    left = fence or comment
    if left is not None:
        yield left


def _closes(line: str, fence: OpenEnd) -> bool:
    """Whether a line ends the code; in a list or a quotation it is indented as that is."""
    limit = len(line) if fence.opens.lstrip()[:1] not in "`~" else 3
    body = line.lstrip(" >") if limit > 3 else line.lstrip(" ")
    return len(line) - len(body) <= limit and body.startswith(fence.closes) and not body.strip(f"{body[:1]} ")


def _without_comments(line: str) -> tuple[str, bool]:
    """A line without comments, and whether the last one goes on behind it."""
    kept, place = "", 0
    for match in _CODE_OR_COMMENT.finditer(line):
        kept += line[place : match.start()]
        place = match.end()
        if match["open"]:
            return kept, True
        kept += match["code"] or ""
    return kept + line[place:], False
