from __future__ import annotations

import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(value=JSON_VALUES, indent=st.sampled_from([None, 1, 4]), ascii_only=st.booleans())
def test_any_layout_of_sound_json_is_read_as_it_is(
    *, value: object, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert json.dumps(parse_strict(text.encode())) == json.dumps(value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b'{"sha":"good","sha":"evil"}',
            "JSON object names a key twice\n  wanted: every key once\n  found:  'sha'\n  where:  f.json",
        ),
        (
            b'{"a":[{"x":1,"y":2,"\\u0078":3}]}',
            "JSON object names a key twice\n  wanted: every key once\n  found:  'x'\n  where:  f.json",
        ),
        (b"[NaN]", "not a JSON number\n  wanted: finite numbers\n  found:  NaN\n  where:  f.json"),
        (b"-Infinity", "not a JSON number\n  wanted: finite numbers\n  found:  -Infinity\n  where:  f.json"),
        (
            b'{"a":[1,1e999]}',
            "not a JSON number\n  wanted: finite numbers\n  found:  a number too large for a 64-bit float\n  where:  f.json",
        ),
        (
            b"-1e999",
            "not a JSON number\n  wanted: finite numbers\n  found:  a number too large for a 64-bit float\n  where:  f.json",
        ),
        (
            b"\xef\xbb\xbf{}",
            "JSON begins with a byte order mark\n  wanted: UTF-8 without one\n  where:  f.json",
        ),
        ('{"a":1}'.encode("utf-16"), "JSON is not UTF-8\n  found: byte 0xff at offset 0\n  where: f.json"),
        (b'{"a":"\xc3"}', "JSON is not UTF-8\n  found: byte 0xc3 at offset 6\n  where: f.json"),
        (b'"\xed\xa0\x80"', "JSON is not UTF-8\n  found: byte 0xed at offset 1\n  where: f.json"),
        (
            b'["\\ud83d"]',
            "JSON string holds half of a surrogate pair\n  found: \\ud83d\n  where: f.json",
        ),
        (
            b'{"\\udc00":1}',
            "JSON string holds half of a surrogate pair\n  found: \\udc00\n  where: f.json",
        ),
        (b"", "not JSON\n  found: Expecting value at line 1 column 1\n  where: f.json"),
        (b"{}\n{}", "not JSON\n  found: Extra data at line 2 column 1\n  where: f.json"),
        (b'["\x00"]', "not JSON\n  found: Invalid control character at at line 1 column 3\n  where: f.json"),
        (b"[01]", "not JSON\n  found: Expecting ',' delimiter at line 1 column 3\n  where: f.json"),
        (
            b"[" * 101 + b"]" * 101,
            "JSON nested too deeply\n  wanted: at most 100 levels of lists and objects\n  where:  f.json",
        ),
        (
            b"[" * 500_000 + b"]" * 500_000,
            "JSON nested too deeply\n  wanted: at most 100 levels of lists and objects\n  where:  f.json",
        ),
        (
            b'{"a":' * 200_000,
            "JSON nested too deeply\n  wanted: at most 100 levels of lists and objects\n  where:  f.json",
        ),
        (
            b"[-" + b"1" * 4301 + b"]",
            "JSON integer too long\n  wanted: at most 4300 digits\n  found:  4302 characters\n  where:  f.json",
        ),
    ],
)
def test_foreign_json_is_refused_in_whole_sentences(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_strict(data, where="f.json")
    assert str(caught.value) == message


def test_sizes_are_refused_before_reading() -> None:
    with pytest.raises(FormatError) as caught:
        parse_strict(b'"12345"', where="f.json", max_bytes=6)
    assert (
        str(caught.value) == "JSON too large\n  wanted: at most 6 bytes\n  found:  7 bytes\n  where:  f.json"
    )


def test_the_limits_themselves_are_allowed() -> None:
    assert parse_strict(b"[" * 100 + b"]" * 100) is not None
    assert parse_strict(b"1" * 4300) == int("1" * 4300)
    assert parse_strict(b'"' + b"1" * 5000 + b'"') == "1" * 5000
    assert parse_strict(b'["\\ud83d\\ude00"]') == ["\U0001f600"]
    assert parse_strict(b"-0.0") == 0.0
    assert math.copysign(1, parse_strict(b"-0.0")) == -1  # type: ignore[arg-type]


def test_long_integers_are_refused_when_the_interpreter_allows_them() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        with pytest.raises(FormatError, match="JSON integer too long"):
            parse_strict(b"9" * 100_000)
    finally:
        sys.set_int_max_str_digits(limit)


@given(st.binary(max_size=60) | st.text('[]{}":,\\ude0123456789.eE+-truefalsn ', max_size=60).map(str.encode))
def test_only_format_errors_leave_the_parser(data: bytes) -> None:
    try:
        value = parse_strict(data)
    except FormatError:
        return
    assert json.loads(data) == value


def test_the_floats_of_python_come_in_only_when_asked_for() -> None:
    found = parse_strict(b"[NaN, Infinity, -Infinity, 1e999]", python_floats=True)
    assert isinstance(found, list)
    assert [str(item) for item in found] == ["nan", "inf", "-inf", "inf"]
    for data in (b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[1e999]"):
        with pytest.raises(FormatError, match="not a JSON number"):
            parse_strict(data)
