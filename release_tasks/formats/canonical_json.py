"""Our own JSON: one value, one sequence of bytes (K5)."""

from __future__ import annotations

import json
import math
from typing import cast

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import MAX_INT_DIGITS, parse_strict
from release_tasks.records.json_value import JSON

MAX_DEPTH = 100
_MAX_INT_BITS = 14_284  # every such integer has at most 4300 decimal digits


def dump_canonical(value: JSON) -> bytes:
    """Render a value as UTF-8, keys sorted by code point, no spaces, one newline at the end.

    Floats take the shortest form that reads back to the same 64 bits; -0.0 keeps its sign. Raises FormatError
    with the dotted key for NaN, infinities, lone surrogates, keys that are not strings, types that JSON has
    not, integers over 4300 digits and more than 100 levels.
    """
    flaw = _flaw(value, 0)
    if flaw is not None:
        what, path = flaw
        raise FormatError(
            "value has no canonical JSON",
            found=what,
            where="".join(reversed(path)).lstrip(".") or "the value",
        )
    return _spell(value)


def _spell(value: JSON) -> bytes:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8") + b"\n"


def parse_canonical(data: bytes, *, where: str | None = None, max_bytes: int = 64 * 2**20) -> JSON:
    """Read bytes that `dump_canonical` wrote; raises FormatError for any other spelling of the value."""
    value = parse_strict(data, where=where, max_bytes=max_bytes, max_depth=MAX_DEPTH)
    canonical = _spell(value)  # what was read strictly has no flaw
    if canonical != data:
        pairs = enumerate(zip(canonical, data, strict=False))
        offset = next((at for at, (ours, theirs) in pairs if ours != theirs), min(len(canonical), len(data)))
        raise FormatError(
            "JSON is not in canonical form",
            wanted=f"{_around(canonical, offset)} at byte {offset}",
            found=_around(data, offset),
            where=where,
            hint="these files are written by release_tasks and never edited by hand",
        )
    return value


def round_floats(value: JSON, places: int = 6) -> JSON:
    """Copy a value with its floats rounded half-even to `places` decimals and -0.0 made 0.0 (K5).

    Integers and booleans stay as they are; NaN and infinities stay for `dump_canonical` to refuse.
    """
    if isinstance(value, dict):
        return {key: round_floats(item, places) for key, item in value.items()}
    if isinstance(value, list):
        return [round_floats(item, places) for item in value]
    if isinstance(value, float):
        # Without the sum -1e-9 and 1e-9, equal at 6 decimals, would differ by a sign.
        return round(value, places) + 0.0
    return value


def _around(data: bytes, offset: int) -> str:
    return ascii(data[offset : offset + 20].decode("utf-8", "replace")) if offset < len(data) else "the end"


def _flaw(value: object, depth: int) -> tuple[str, list[str]] | None:
    """Return what is wrong and its path, innermost part first, so that sound values build no paths."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if _encodes(value) else ("half of a surrogate pair", [])
    if isinstance(value, int):
        too_long = value.bit_length() > _MAX_INT_BITS
        return (f"an integer over {MAX_INT_DIGITS} digits", []) if too_long else None
    if isinstance(value, float):
        return None if math.isfinite(value) else (f"{value}, which is not a JSON number", [])
    if not isinstance(value, (list, dict)):
        return f"a {type(value).__name__}", []
    if depth >= MAX_DEPTH:
        return f"more than {MAX_DEPTH} levels", []
    if isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            if (flaw := _flaw(item, depth + 1)) is not None:
                flaw[1].append(f"[{index}]")
                return flaw
        return None
    for key, item in cast("dict[object, object]", value).items():
        if not isinstance(key, str):
            return f"a key of type {type(key).__name__}", [f".{key!r}"]
        if not _encodes(key):
            return "half of a surrogate pair in a key", [f".{key!a}"]
        if (flaw := _flaw(item, depth + 1)) is not None:
            flaw[1].append(f".{key}")
            return flaw
    return None


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
