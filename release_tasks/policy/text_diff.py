"""A unified diff of two texts whose length and cost are bounded."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import islice

from release_tasks.records.difference import TextDifference

SHOWN = 40  # lines of the diff
_ALIGNED = 2000  # changed lines of one side: difflib takes time with their product
_CONTEXT = 3
_WIDEST = 200  # characters of a line


def compare_texts(before: str, after: str) -> TextDifference:
    """Compare two texts line by line (difflib.unified_diff, the first `SHOWN` lines of it)."""
    old, new = before.split("\n"), after.split("\n")
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    # What both have around the middle is given in one piece of context, so that line numbers stay right.
    lead, tail = max(start - _CONTEXT, 0), min(end, _CONTEXT)
    window_old = old[lead : len(old) - end + tail]
    window_new = new[lead : len(new) - end + tail]
    if max(len(middle_old), len(middle_new)) > _ALIGNED:
        head = f"@@ -{start + 1},{len(middle_old)} +{start + 1},{len(middle_new)} @@"
        lines = [head, *(f"-{line}" for line in middle_old[:SHOWN])]
        lines += [f"+{line}" for line in middle_new[:SHOWN]]
        return TextDifference(
            removed=len(middle_old), added=len(middle_new), lines=_shown(lines), aligned=False
        )
    diff = [
        _moved(line, lead) if line.startswith("@@") else line
        for line in islice(difflib.unified_diff(window_old, window_new, lineterm="", n=_CONTEXT), 2, None)
    ]
    return TextDifference(
        removed=sum(line.startswith("-") for line in diff),
        added=sum(line.startswith("+") for line in diff),
        lines=_shown(diff),
    )


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines both have at the beginning."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(old), len(new)))


def _moved(head: str, lines: int) -> str:
    """The head of a hunk, its line numbers those of the whole text."""
    places = []
    for part in head.strip("@ ").split(" "):
        first, comma, count = part[1:].partition(",")
        places.append(f"{part[0]}{int(first) + lines}{comma}{count}")
    return f"@@ {' '.join(places)} @@"


def _shown(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line if len(line) <= _WIDEST else f"{line[:_WIDEST]}…" for line in lines[:SHOWN])
