"""JSON Lines cut into lines: each ends with a line feed alone, which the last one may lack."""

from __future__ import annotations


def split_lines(data: bytes) -> list[bytes]:
    """Give the lines without their ends; an empty file has none, an empty line stays."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines
