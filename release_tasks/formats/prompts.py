"""Prompts as JSON Lines: `{"prompt": …}` on each line."""

from __future__ import annotations

from release_tasks.errors import FormatError
from release_tasks.formats.json_lines import split_lines
from release_tasks.formats.strict_json import parse_strict


def parse_prompts(data: bytes, *, where: str) -> tuple[str, ...]:
    """Read every prompt, in order; raises FormatError for a file without one and for any other line."""
    lines = split_lines(data)
    if not lines:
        raise FormatError(
            "there is no prompt", wanted='lines of {"prompt": …}', found="an empty file", where=where
        )
    return tuple(_prompt(line, f"{where}: line {number}") for number, line in enumerate(lines, 1))


def _prompt(line: bytes, where: str) -> str:
    match parse_strict(line, where=where):
        case {"prompt": str() as prompt, **rest} if prompt and not rest:
            return prompt
        case other:
            raise FormatError(
                "not a prompt",
                wanted='{"prompt": …}, a text that is not empty, and no other key',
                found=ascii(other)[:200],
                where=where,
            )
