"""Tables and foreign names in Markdown (GitHub Flavored Markdown 0.29), and the same for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_WIDEST = 80  # characters of a foreign name
_NO_HTML = str.maketrans({"<": "&lt;", ">": "&gt;", "|": "&#124;"})


def printable(text: str) -> str:
    """A foreign text on one line, every character that is not printable escaped as Python does."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def shortened(text: str, *, widest: int = _WIDEST) -> str:
    """A printable text of at most `widest` characters and a mark that it was cut."""
    shown = printable(text)
    return shown if len(shown) <= widest else f"{shown[:widest]}…"


def code_span(text: str, *, widest: int = _WIDEST) -> str:
    """A foreign name as inline code, where neither HTML nor emphasis counts; safe in a table cell too.

    A pipe is escaped as Python does: behind a backslash of the name, one of ours would not save it.
    """
    shown = shortened(text, widest=widest).replace("`", r"\x60").replace("|", r"\x7c")
    return f"`{shown}`" if shown.strip() else f"`{text!a}`"


def plain(text: str) -> str:
    """Foreign text in Markdown: emphasis, code and links count; HTML, comments, images and cells do not."""
    return printable(text).translate(_NO_HTML).replace("![", "!&#91;")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; cells must be Markdown already (`code_span`, or words of our own)."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def plain_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "") -> list[str]:
    """The lines of a table in columns of one width."""
    table = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return [
        indent + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
