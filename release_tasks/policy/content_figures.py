"""Figures: numbers of evidence as documents show them, each with its place in its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from release_tasks.records.content import Figure
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON

_DIGITS = 4  # significant digits of a measured number for people; the evidence has all of them
_WHOLE = 10**_DIGITS  # from here on, a number is shown without a fraction


def shown_number(value: float) -> str:
    """A number for people: counts in full, measurements to four significant digits.

    Between a millionth and a quadrillion there is no exponent.
    """
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "0"
    if _WHOLE / 10 <= abs(value) < 10**15:
        return f"{value:.0f}"
    text = f"{value:.{_DIGITS}g}"
    if "e-0" in text and abs(value) >= 10**-6:
        return f"{value:.{_DIGITS + 5}f}".rstrip("0")
    return text


def pointer(*parts: str | int) -> str:
    """The JSON Pointer of a place (RFC 6901 section 3)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


@frozen
class Source:
    """A file of the tree that figures come from."""

    path: str
    sha256: Digest

    def figure(
        self,
        name: str,
        value: float,
        *place: str | int,
        unit: str | None = None,
        direction: Literal["higher", "lower"] | None = None,
    ) -> Figure:
        """The figure that stands at a place of this file, or is made from what stands there."""
        return Figure(
            name=name,
            value=value,
            shown=shown_number(value),
            path=self.path,
            pointer=pointer(*place),
            sha256=self.sha256,
            unit=None if unit == "1" else unit,
            direction=direction,
        )

    def numbers(self, prefix: str, value: JSON, place: Sequence[str] = ()) -> Iterator[Figure]:
        """Every number below objects of a record, named by its keys; lists are left out."""
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "schema_version":  # of the record, not of what it speaks of
                    continue
                yield from self.numbers(f"{prefix}.{key}", item, (*place, key))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield self.figure(prefix, value, *place)

    def size(self, size: int) -> Figure:
        """How large the file is."""
        return Figure(
            name=f"bytes.{self.path}",
            value=size,
            shown=str(size),
            path=self.path,
            pointer=None,
            sha256=self.sha256,
            unit="bytes",
        )
