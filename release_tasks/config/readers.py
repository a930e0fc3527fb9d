"""Readers of one value: each takes what TOML or YAML gave and returns it checked, or raises ConfigError."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from release_tasks.errors import ConfigError

T = TypeVar("T")
Reader = Callable[[object], T]  # raises ConfigError without `where`, which the table adds

MAX_INTEGER = 2**53 - 1  # beyond this, JSON readers lose digits (RFC 8259, 6)


def describe(value: object) -> str:
    """Say what a value is, in the words of TOML and on one line."""
    match value:
        case bool():
            return f"boolean {str(value).lower()}"
        case int():
            return f"integer {value}" if abs(value) < 2**64 else "an integer of more than 64 bits"
        case float():
            return f"float {value}"
        case str():
            return f"string {json.dumps(value)[:200]}"
        case Mapping():
            return "a table"
        case list() | tuple():
            return f"a list of {len(value)}"
        case None:
            return "nothing (null)"
        case _:
            return f"a {type(value).__name__}"


def did_you_mean(word: str, options: Collection[str]) -> str | None:
    """Suggest the option nearest to a misspelt word, if one is near."""
    import difflib  # noqa: PLC0415 - a file without mistakes needs none of it

    close = difflib.get_close_matches(word[:100], sorted(options), n=1)
    return f"did you mean {close[0]}?" if close else None


def wrong_type(value: object, wanted: str, hint: str | None = None) -> ConfigError:
    """Make the error for a value of another type."""
    return ConfigError("wrong type", wanted=wanted, found=describe(value), hint=hint)


def argument(value: object) -> str:
    """Read one word of a command: any text that a process can be given."""
    if not isinstance(value, str):
        raise wrong_type(value, "a string")
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ConfigError(
            "text cannot be given to a process", wanted="no NUL and no lone surrogate", found=describe(value)
        )
    return value


def text(value: object) -> str:
    """Read one line of text that is not empty."""
    if not isinstance(value, str):
        raise wrong_type(value, "a string")
    if not value.strip() or any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in value):
        raise ConfigError(
            "text refused", wanted="one line, not empty, no control characters", found=describe(value)
        )
    return value


def flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise wrong_type(value, "true or false")
    return value


def matching(pattern: str, wanted: str) -> Reader[str]:
    """Make a reader of strings that match a pattern (ASCII) as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise wrong_type(value, f"a string: {wanted}")
        if not compiled.fullmatch(value):
            raise ConfigError("text refused", wanted=wanted, found=describe(value))
        return value

    return read


def choice(options: tuple[T, ...]) -> Reader[T]:
    """Make a reader of one of a few strings."""
    names = tuple(str(option) for option in options)

    def read(value: object) -> T:
        if not isinstance(value, str) or value not in names:
            hint = did_you_mean(value, names) if isinstance(value, str) else None
            raise ConfigError(
                "value refused", wanted="one of " + ", ".join(names), found=describe(value), hint=hint
            )
        return options[names.index(value)]

    return read


def integer(low: int, high: int = MAX_INTEGER) -> Reader[int]:
    """Make a reader of integers in a closed range; a boolean is none."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(value, "an integer")
        if not low <= value <= high:
            raise ConfigError("number out of range", wanted=f"{low} to {high}", found=describe(value))
        return value

    return read


def number(value: object) -> int | float:
    """Read an integer or a finite float; a boolean is none."""
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER:
        return value
    raise wrong_type(value, f"a finite number, at most {MAX_INTEGER} when it is an integer")


def number_in(low: float, high: float | None = None) -> Reader[int | float]:
    """Make a reader of finite numbers in a closed range; without `high` there is no upper end."""

    def read(value: object) -> int | float:
        found = number(value)
        if found < low or (high is not None and found > high):
            wanted = f"{low} or more" if high is None else f"{low} to {high}"
            raise ConfigError("number out of range", wanted=wanted, found=describe(value))
        return found

    return read
