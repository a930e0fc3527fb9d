"""A text file as short lines, each with the name under which it stands: one form for every scan."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

JSON_SUFFIXES = (".json", ".jsonl", ".ipynb", ".lock")
WINDOW = 4096  # characters; a longer line is cut into windows that overlap
_OVERLAP = 512
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NAMED = re.compile(r"""\s*(?:[-*]\s+|export\s+)?["']?([\w.@$-]{1,80})["']?\s*[:=](?!//)\s*(.*)""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text: the line of the file (from 1) in which it begins, its name there or "", the text.

    `is_key`: it is the key of a JSON object itself.
    """

    number: int
    name: str
    text: str
    is_key: bool = False


def text_lines(text: str, *, path: str) -> tuple[Line, ...]:
    """Cut a file into lines of bounded length, the strings of a JSON file unescaped and by their own names.

    JSON is told by its suffix, and only its strings are lines then: numbers and words hold nothing. It need
    not be well formed. Empty lines are left out.
    """
    is_json = path.casefold().endswith(JSON_SUFFIXES) and text.lstrip()[:1] in ("{", "[")
    found = _json_lines(text) if is_json else _plain_lines(text)
    return tuple(found)


def _windows(number: int, name: str, text: str, *, is_key: bool = False) -> Iterator[Line]:
    if len(text) <= WINDOW:
        if text.strip():
            yield Line(number, name, text, is_key)
        return
    for start in range(0, len(text), WINDOW - _OVERLAP):
        yield Line(number, name, text[start : start + WINDOW], is_key)


def _plain_lines(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        named = _NAMED.match(line) if len(line) <= WINDOW else None
        yield from _windows(number, named[1] if named else "", line.rstrip("\r"))


def _json_lines(text: str) -> Iterator[Line]:
    ends = [match.start() for match in re.finditer("\n", text)]
    name = ""
    for match in _STRING.finditer(text):
        number = bisect_right(ends, match.start()) + 1
        value = _unescape(match[0])
        after = text[match.end() : match.end() + 100].lstrip()
        is_key = after.startswith(":")
        if is_key:
            name = value
        for part in value.split("\n"):
            yield from _windows(number, "" if is_key else name, part, is_key=is_key)


def _unescape(token: str) -> str:
    if "\\" not in token:
        return token[1:-1]
    try:
        value = json.loads(token)
    except ValueError:
        return token[1:-1]
    return str(value)


def value_of(line: Line) -> str:
    """What stands behind the name of a line: the whole text where the name is not part of it, as in JSON."""
    named = _NAMED.fullmatch(line.text)
    if named is None or named[1] != line.name:
        return line.text
    return named[2].strip().rstrip(",;").strip("\"'`")


class JoinedLines:
    """All lines as one text, so that a pattern runs once; tells the line of a place in it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.text = "\n".join(line.text for line in lines)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line.text) + 1)

    def line(self, place: int) -> Line:
        """The line that holds the character at `place`."""
        return self.lines[bisect_right(self._starts, place) - 1]

    def before(self, place: int, length: int = 40) -> str:
        """The text of the same line that stands right before `place`."""
        start = self._starts[bisect_right(self._starts, place) - 1]
        return self.text[max(start, place - length) : place]
