"""YAML front matter of Markdown cards (Hugging Face Hub), numbers with their source in a YAML comment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from release_tasks.records.content import Figure

Front: TypeAlias = "str | Figure | Sequence[Front] | Mapping[str, Front]"

# Plain scalars that no reader of YAML 1.1 or 1.2 takes for anything but a string.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+]*(?:[ -][A-Za-z0-9_./+]+)*", re.ASCII)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def number_text(value: float) -> str:
    """A number so that YAML 1.1 reads the same one back: PyYAML takes 1e-05 for a string, 1.0e-05 not."""
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else text


def dump_front_matter(value: Mapping[str, Front]) -> str:
    """Write a block of YAML between two lines `---`, keys in the given order, empty values left out."""
    return "\n".join(("---", *_mapping(value, ""), "---", ""))


def dump_yaml_list(values: Sequence[Front]) -> str:
    """Write a YAML document that is one list."""
    return "\n".join((*_sequence(values, ""), ""))


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    escaped = "".join(_escaped(char) for char in text)
    return f'"{escaped}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08X}"


def _mapping(value: Mapping[str, Front], indent: str) -> Iterator[str]:
    for key, item in value.items():
        head = f"{indent}{_scalar(key)}:"
        match item:
            case str():
                yield f"{head} {_scalar(item)}"
            case Figure():
                yield f"{head} {number_text(item.value)}  # {item.source}"
            case Mapping():
                yield head
                yield from _mapping(item, f"{indent}  ")
            case _ if item:
                yield head
                yield from _sequence(item, indent)
            case _:
                continue


def _sequence(values: Sequence[Front], indent: str) -> Iterator[str]:
    for item in values:
        match item:
            case str():
                yield f"{indent}- {_scalar(item)}"
            case Mapping():
                first, *rest = _mapping(item, f"{indent}  ")
                yield f"{indent}- {first.lstrip()}"
                yield from rest
            case _:
                raise TypeError("BUG: front matter lists hold texts and mappings")
