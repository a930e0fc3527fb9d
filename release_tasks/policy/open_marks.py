"""Marks that say "not finished" in released text (R6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from release_tasks.formats.text_lines import Line

_MARK = re.compile(r"(?<![\w-])(TODO|FIXME|XXX)(?![\w-])")


@dataclass(frozen=True, slots=True)
class OpenMark:
    """The line (from 1) and the mark that stands in it; what it says is not repeated."""

    line: int
    mark: str


def open_marks(lines: Sequence[Line]) -> tuple[OpenMark, ...]:
    """Find every TODO, FIXME and XXX, in capitals and as a word of its own."""
    found = (OpenMark(line.number, match[1]) for line in lines for match in _MARK.finditer(line.text))
    return tuple(dict.fromkeys(found))
