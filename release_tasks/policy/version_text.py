"""A version where it stands in other texts: exact occurrences, never a part of another version."""

from __future__ import annotations

import re
from collections.abc import Iterator


def _exactly(version: str) -> re.Pattern[str]:
    """The version alone: no part of a longer word or version, though `v1.0.0` and `name-1.0.0` hold it."""
    return re.compile(rf"(?<![0-9A-Za-z.+])(v?){re.escape(version)}(?![0-9A-Za-z_+-]|\.[0-9])")


def _named(version: str) -> re.Pattern[str]:
    """The version with what may follow it in the name of a file, as in `tiny-v1.0.0-Q8_0.gguf`."""
    return re.compile(rf"(?<![0-9A-Za-z.+])v?{re.escape(version)}(?![0-9A-Za-z_+]|\.[0-9])")


def mentions(text: str, version: str) -> Iterator[tuple[int, str]]:
    """Yield number (from 1) and text of every line that holds the version, in names of files too."""
    yield from _lines(text, _named(version))


def occurrences(text: str, version: str) -> Iterator[tuple[int, str]]:
    """Yield number (from 1) and text of every line that holds the version, exactly."""
    yield from _lines(text, _exactly(version))


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.search(line):
            yield number, line.strip()


def replace_version(text: str, old: str, new: str) -> tuple[str, int]:
    """Replace every exact occurrence; returns the text and how many there were."""
    return _exactly(old).subn(lambda match: f"{match[1]}{new}", text)


def replaced_once(text: str, old: str, new: str) -> Iterator[str]:
    """Yield the text with one occurrence replaced, for each of them in its order."""
    for match in _exactly(old).finditer(text):
        yield f"{text[: match.start()]}{match[1]}{new}{text[match.end() :]}"
