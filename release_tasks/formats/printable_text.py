"""Text of strangers on a terminal: control characters are shown, never obeyed."""

from __future__ import annotations


def printable(text: str) -> str:
    """Escape what is not printable, so that a hostile name cannot paint over the terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
