"""Foreign JSON in any layout, without the leniencies that let one text mean two things (RFC 8259, 7493)."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn, cast

from release_tasks.errors import FormatError
from release_tasks.records.json_value import JSON

MAX_INT_DIGITS = 4300  # CPython's own default limit; fixed here because a user can lift it
_LONG_DIGITS = re.compile(rb"[0-9]{4301}")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_BOM = b"\xef\xbb\xbf"


def parse_strict(
    data: bytes,
    *,
    where: str | None = None,
    max_bytes: int = 64 * 2**20,
    max_depth: int = 100,
    python_floats: bool = False,
) -> JSON:
    """Read one JSON value of at most `max_bytes` bytes and `max_depth` nested lists and objects.

    `python_floats` lets in the NaN, Infinity and -Infinity that Python's json module writes (and 1e999), as
    the floats they name: for formats that give them a meaning.

    Raises FormatError for duplicate keys, NaN and infinities (also 1e999), a byte order mark, bytes that are
    not UTF-8, lone surrogates, integers over 4300 digits, and whatever RFC 8259 does not allow.
    """
    if len(data) > max_bytes:
        raise FormatError(
            "JSON too large", wanted=f"at most {max_bytes} bytes", found=f"{len(data)} bytes", where=where
        )
    text = _decode(data, where)

    def unique(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
        found = dict(pairs)
        if len(found) != len(pairs):
            _refuse_twin(pairs, where)
        return found

    def constant(name: str) -> float:
        if python_floats:
            return float(name)
        raise FormatError("not a JSON number", wanted="finite numbers", found=name, where=where)

    def bounded_int(digits: str) -> int:
        if len(digits.removeprefix("-")) > MAX_INT_DIGITS:
            raise FormatError(
                "JSON integer too long",
                wanted=f"at most {MAX_INT_DIGITS} digits",
                found=f"{len(digits)} characters",
                where=where,
            )
        return int(digits)

    try:
        # A hook per integer costs more than the scan for a long run of digits, which is nearly always absent.
        value = json.loads(
            text,
            object_pairs_hook=unique,
            parse_constant=constant,
            parse_int=bounded_int if _LONG_DIGITS.search(data) else None,
        )
    except json.JSONDecodeError as error:
        raise FormatError(
            "not JSON", found=f"{error.msg} at line {error.lineno} column {error.colno}", where=where
        ) from None
    except RecursionError:
        # The C scanner stops before the stack does, on every supported CPython.
        raise _too_deep(max_depth, where) from None
    _refuse_depth_and_infinity(value, max_depth, where, infinite=python_floats)
    if _SURROGATE_ESCAPE.search(data):
        _refuse_surrogates(value, where)
    return cast("JSON", value)


def _decode(data: bytes, where: str | None) -> str:
    if data.startswith(_BOM):
        raise FormatError("JSON begins with a byte order mark", wanted="UTF-8 without one", where=where)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            "JSON is not UTF-8",
            found=f"byte 0x{data[error.start]:02x} at offset {error.start}",
            where=where,
        ) from None


def _refuse_twin(pairs: list[tuple[str, JSON]], where: str | None) -> NoReturn:
    seen: set[str] = set()
    twin = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    raise FormatError(
        "JSON object names a key twice", wanted="every key once", found=ascii(twin)[:200], where=where
    )


def _too_deep(max_depth: int, where: str | None) -> FormatError:
    return FormatError(
        "JSON nested too deeply",
        wanted=f"at most {max_depth} levels of lists and objects",
        where=where,
    )


def _refuse_depth_and_infinity(root: JSON, max_depth: int, where: str | None, *, infinite: bool) -> None:
    level: list[list[JSON] | dict[str, JSON]] = [[root]]
    depth = 0
    while level:
        below: list[list[JSON] | dict[str, JSON]] = []
        for container in level:
            for value in container.values() if isinstance(container, dict) else container:
                if isinstance(value, (list, dict)):
                    below.append(value)
                elif not infinite and isinstance(value, float) and math.isinf(value):
                    raise FormatError(
                        "not a JSON number",
                        wanted="finite numbers",
                        found="a number too large for a 64-bit float",
                        where=where,
                    )
        depth += 1
        if below and depth > max_depth:
            raise _too_deep(max_depth, where)
        level = below


def _refuse_surrogates(value: JSON, where: str | None) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise FormatError(
            "JSON string holds half of a surrogate pair",
            found=f"\\u{ord(error.object[error.start]):04x}",
            where=where,
        ) from None
