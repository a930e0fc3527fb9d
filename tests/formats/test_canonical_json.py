from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical, round_floats
from release_tasks.records.json_value import JSON

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def same(left: object, right: object) -> bool:
    return repr(left) == repr(right)  # tells 1 from True and 1.0, and 0.0 from -0.0


@given(JSON_VALUES)
def test_what_is_dumped_parses_to_the_same_value(value: JSON) -> None:
    data = dump_canonical(value)
    back = parse_canonical(data)
    assert back == value
    assert dump_canonical(back) == data
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1


@given(st.dictionaries(TEXT, st.integers(), min_size=2), st.randoms())
def test_the_order_of_insertion_does_not_matter(table: dict[str, JSON], random: object) -> None:
    items = list(table.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert dump_canonical(dict(items)) == dump_canonical(table)
    assert list(json.loads(dump_canonical(table))) == sorted(table, key=str.encode)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_64_bits(number: float) -> None:
    back = parse_canonical(dump_canonical(number))
    assert struct.pack("<d", back) == struct.pack("<d", number)


def test_the_bytes_are_these() -> None:
    value: JSON = {"z": [True, 1, 1.0, -0.0, 0.1, 1e22, None], "é\u2028": 'a"\\\n\x7f/', "A": {}}
    assert dump_canonical(value) == (
        '{"A":{},"z":[true,1,1.0,-0.0,0.1,1e+22,null],"é\u2028":"a\\"\\\\\\n\x7f/"}\n'.encode()
    )


@pytest.mark.parametrize(
    ("value", "found", "where"),
    [
        ({"a": {"b": [1.0, math.nan]}}, "nan, which is not a JSON number", "a.b[1]"),
        ([{"x": -math.inf}], "-inf, which is not a JSON number", "[0].x"),
        (math.inf, "inf, which is not a JSON number", "the value"),
        ({"a": {1: 2}}, "a key of type int", "a.1"),
        ({"a": "\ud800"}, "half of a surrogate pair", "a"),
        ({"\ud800": 1}, "half of a surrogate pair in a key", "'\\ud800'"),
        ({"a": (1, 2)}, "a tuple", "a"),
        ({"a": b"x"}, "a bytes", "a"),
        ([10**5000], "an integer over 4300 digits", "[0]"),
    ],
)
def test_values_without_json_are_refused_by_dotted_key(value: JSON, found: str, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        dump_canonical(value)
    assert str(caught.value) == f"value has no canonical JSON\n  found: {found}\n  where: {where}"


def test_a_value_inside_itself_is_refused() -> None:
    loop: list[JSON] = []
    loop.append(loop)
    with pytest.raises(FormatError, match="no canonical JSON") as caught:
        dump_canonical(loop)
    assert caught.value.found == "more than 100 levels"


@pytest.mark.parametrize(
    ("data", "wanted", "found"),
    [
        (b'{"a":1}', "'\\n' at byte 7", "the end"),
        (b'{"a":1}\n\n', "the end at byte 8", "'\\n'"),
        (b'{"a": 1}\n', "'1}\\n' at byte 5", "' 1}\\n'"),
        (b'{"b":1,"a":2}\n', '\'a":2,"b":1}\\n\' at byte 2', '\'b":1,"a":2}\\n\''),
        (b"[1.10]\n", "']\\n' at byte 4", "'0]\\n'"),
        (b"[1E2]\n", "'00.0]\\n' at byte 2", "'E2]\\n'"),
        (b"-0\n", "'0\\n' at byte 0", "'-0\\n'"),
        (b'"\\u0041"\n', "'A\"\\n' at byte 1", "'\\\\u0041\"\\n'"),
        (b"[]\r\n", "'\\n' at byte 2", "'\\r\\n'"),
    ],
)
def test_every_other_spelling_is_refused(data: bytes, wanted: str, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_canonical(data, where="metadata.json")
    assert str(caught.value) == (
        f"JSON is not in canonical form\n  wanted: {wanted}\n  found:  {found}\n  where:  metadata.json\n"
        "  hint:   these files are written by release_tasks and never edited by hand"
    )


@given(JSON_VALUES, st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_no_two_byte_strings_hold_one_value(value: JSON, at: int, noise: bytes) -> None:
    data = dump_canonical(value)
    changed = data[: at % len(data)] + noise + data[at % len(data) :]
    try:
        other = parse_canonical(changed)
    except FormatError:
        return
    assert not same(other, value)


def test_rounding_leaves_integers_and_booleans_alone() -> None:
    value: JSON = {"a": [0.12345649, 2.5e-7, True, 10**20, "0.1234567", None], "b": {"c": 1.0}}
    assert same(
        round_floats(value),
        {"a": [0.123456, 0.0, True, 10**20, "0.1234567", None], "b": {"c": 1.0}},
    )
    assert "0.12345649, 2.5e-07" in repr(value)  # the argument is left as it was
    assert same(round_floats(0.15, 1), 0.1)


def test_rounding_gives_zero_one_sign() -> None:
    assert same(round_floats([-1e-9, 1e-9, -0.0]), [0.0, 0.0, 0.0])


def test_rounding_leaves_nan_for_dump_to_refuse() -> None:
    with pytest.raises(FormatError) as caught:
        dump_canonical(round_floats({"loss": math.nan}))
    assert caught.value.where == "loss"
