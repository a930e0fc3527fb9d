"""Whether what a command printed is what the page shows, but for what no two runs have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

MORE = "…"
_COUNTED = (
    r"\b\d+(?= (?:passed|run|up to date|match|given|variations|(?:derived|recorded) files|files equal|not\b))"
)
# What differs from run to run, and what may stand in its place; the order counts.
_DIFFERS = (
    (r"\b[0-9a-f]{6,}…", r"[0-9a-f]+"),
    *((rf"\b[0-9a-f]{{{length}}}\b", rf"[0-9a-f]{{{length}}}") for length in (64, 40, 16, 12)),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    (r" +\d+\.\d s\b", r" +\d+\.\d s"),
    (r"\bseconds +\d+\.\d", r"seconds +\d+\.\d"),
    (r"\b\d+ bytes\b", r"\d+ bytes"),
    # Counts that grow with every gate, step, document and variation that is added to release_tasks.
    (r"\bskipped +\d+", r"skipped +\d+"),
    (r"\bfiles +\d+", r"files +\d+"),
    (_COUNTED, r"\d+"),
    (r"…", r".*"),
)
_ANY = re.compile("|".join(f"({found})" for found, _ in _DIFFERS))


def line_pattern(shown: str) -> re.Pattern[str]:
    """What a shown line stands for: itself, but digests, times and sizes by their form, and `…` for anything."""
    parts, end = [], 0
    for match in _ANY.finditer(shown):
        parts += [re.escape(shown[end : match.start()]), _DIFFERS[(match.lastindex or 1) - 1][1]]
        end = match.end()
    return re.compile("".join((*parts, re.escape(shown[end:]))))


def difference(shown: Sequence[str], printed: Sequence[str]) -> str | None:
    """Say where the output leaves what is shown, or None; a line `…` stands for any number of lines."""
    place = 0
    for number, line in enumerate(shown):
        if line.strip() == MORE:
            if number + 1 == len(shown):
                return None
            following = line_pattern(shown[number + 1])
            while place < len(printed) and not following.fullmatch(printed[place]):
                place += 1
            continue
        if place == len(printed):
            return f"shown, not printed: {line!r}"
        if not line_pattern(line).fullmatch(printed[place]):
            return f"shown   {line!r}\nprinted {printed[place]!r}"
        place += 1
    return None if place == len(printed) else f"printed, not shown: {printed[place]!r}"
