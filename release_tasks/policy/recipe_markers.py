"""Markers by which a source accepts a finding of the recipe lint: `# recipe: ignore[rule] reason`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from release_tasks.policy.recipe_rules import ACCEPTABLE

_MARKER = re.compile(r"#\s*recipe:\s*ignore\b(?:\[([^\]]*)\])?(.*)", re.IGNORECASE | re.DOTALL)
_SEPARATORS = " \t:,;-–—"  # people write dashes of every length


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker: where its comment begins (from 1), the line that it speaks of, its rules and its reason."""

    line: int
    column: int
    about: int
    rules: tuple[str, ...]
    reason: str

    @property
    def flaw(self) -> str | None:
        """Why a marker counts for nothing, in words, or None."""
        if not self.rules:
            return "a marker that names no rule"
        unknown = [rule for rule in self.rules if rule not in ACCEPTABLE]
        if unknown:
            return f"a marker of {ascii(unknown[0])[1:-1][:50]}, which is no rule that a marker may name"
        return None if re.search(r"\w", self.reason) else "a marker without a reason"


def markers(text: str, lines: Sequence[str]) -> tuple[Marker, ...]:
    """Find every marker in the comments of a source that parses.

    A comment on a line of its own speaks of the next line that holds code. Raises SyntaxError and
    tokenize.TokenError for text that Python's tokenizer refuses.
    """
    if "recipe:" not in text.lower():
        return ()
    return tuple(_markers(text, lines))


def _markers(text: str, lines: Sequence[str]) -> Iterator[Marker]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        match = _MARKER.match(token.string) if token.type == tokenize.COMMENT else None
        if match is None:
            continue
        line, column = token.start
        own = not token.line[:column].strip()
        yield Marker(
            line=line,
            column=column + 1,
            about=_next_code(lines, line) if own else line,
            rules=tuple(filter(None, (rule.strip() for rule in (match[1] or "").split(",")))),
            reason=match[2].strip(_SEPARATORS),
        )


def _next_code(lines: Sequence[str], line: int) -> int:
    """The first line below that is neither empty nor a comment; the line itself when there is none."""
    for number, content in enumerate(lines[line:], line + 1):
        if content.strip() and not content.lstrip().startswith("#"):
            return number
    return line
