"""One value of a foreign JSON text together with its dotted path, so that every refusal can name it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.json_value import JSON

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """A value, its path below the top of its text ("" for the top itself), and the name of the text."""

    value: JSON
    path: str
    where: str

    def wrong(self, wanted: str, *, hint: str | None = None) -> FormatError:
        """Make the error for a value that is not what was wanted."""
        place = f"{self.where}: {self.path}" if self.path else self.where
        return FormatError(
            "value not as its format has it", wanted=wanted, found=_shown(self.value), where=place, hint=hint
        )

    def __getitem__(self, key: str) -> Field:
        """Return a member that must be there; raises FormatError."""
        if key not in self._object():
            raise Field(None, self._below(key), self.where).wrong("this key")
        return self._member(key)

    def get(self, key: str) -> Field | None:
        """Return a member, or None when it is not there or null."""
        return self._member(key) if self._object().get(key) is not None else None

    def members(self) -> Iterator[tuple[str, Field]]:
        """Yield every key with its value, in the order of the text; raises FormatError unless an object."""
        for key in self._object():
            yield key, self._member(key)

    def items(self) -> tuple[Field, ...]:
        """Return the elements; raises FormatError unless a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return tuple(
            Field(value, f"{self.path}[{index}]", self.where) for index, value in enumerate(self.value)
        )

    def text(self) -> str:
        """Return a string that is not empty; raises FormatError."""
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong("text")
        return self.value

    def flag(self) -> bool:
        """Return true or false; raises FormatError."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def number(self, *, least: float | None = None) -> float:
        """Return a finite number, not below `least`; raises FormatError."""
        value = self.value
        wanted = "a finite number" if least is None else f"a finite number, at least {least:g}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(wanted)
        try:
            found = float(value)
        except OverflowError:
            raise self.wrong(wanted) from None
        if not math.isfinite(found) or (least is not None and found < least):
            raise self.wrong(wanted)
        return found

    def plain(self) -> str:
        """Return a string as it is and any other value as compact JSON with sorted keys: for comparison."""
        return self.value if isinstance(self.value, str) else _compact(self.value)

    def _object(self) -> dict[str, JSON]:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def _member(self, key: str) -> Field:
        return Field(self._object()[key], self._below(key), self.where)

    def _below(self, key: str) -> str:
        if not _PLAIN.fullmatch(key):
            return f"{self.path}[{json.dumps(key)}]"
        return f"{self.path}.{key}" if self.path else key


def read_fields(data: bytes, *, where: str, python_floats: bool = False) -> Field:
    """Read foreign JSON strictly; raises FormatError as `parse_strict` does."""
    return Field(parse_strict(data, where=where, python_floats=python_floats), "", where)


def _compact(value: JSON) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _shown(value: JSON) -> str:
    if isinstance(value, dict):
        return f"an object with {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "nothing" if value is None else _compact(value)[:100]
