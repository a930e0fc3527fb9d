"""Names of files as foreign checksum files and archives state them."""

from __future__ import annotations

from collections.abc import Iterable

from release_tasks.errors import FormatError, PathError
from release_tasks.records.paths import refuse_collisions, safe_relpath


def parse_name(text: str, *, where: str | None = None) -> str:
    """Return a foreign name that `safe_relpath` accepts; raises FormatError, since no user typed it."""
    try:
        return safe_relpath(text, where=where)
    except PathError as error:
        raise _foreign(error) from None


def refuse_twins(names: Iterable[str], *, where: str | None = None) -> None:
    """Raise FormatError when two foreign names are one file on some file system."""
    try:
        refuse_collisions(names, where=where)
    except PathError as error:
        raise _foreign(error) from None


def _foreign(error: PathError) -> FormatError:
    return FormatError(error.what, wanted=error.wanted, found=error.found, where=error.where, hint=error.hint)
