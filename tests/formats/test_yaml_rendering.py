from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.yaml_rendering import render_yaml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "yes", "No", "on", "null", "~", "", " ", "1", "1e5", "1_000", "0o7", "0x1f", "012", "12:30:00", "=", "<<",
        "2026-01-01", "- a", "a: b", "#", "a #b", "!x", "&a", "*a", "%a", "@a", "`", "'", '"', "\\", "\n", "a\nb\n",
        "\r", "\x85", "\u2028", "\ufeff", "\x7f", "\x00", "\t", ".inf", ".nan", "+1", "-", "?", "|", ">", "{}", "[",
        "---", "...", "😀", "x" * 200, "a " * 100, "\u00a0",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from 1.0 and True, and -0.0 from 0.0."""
    return repr(one) == repr(other) if not isinstance(one, (dict, list)) else _same_container(one, other)


def _same_container(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or len(one) != len(other):
        return False
    if isinstance(one, list):
        return all(map(same, one, other))
    return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
@example({"a": 1e17, "b": 1e-7, "c": -0.0, "d": 5e-324, "e": 1.7976931348623157e308})
@example({"x": "1.0e+17", "y": "1e17", "z": 10**30})
@example({"same": [[1], [1]], "again": [1]})
def test_the_yaml_says_what_the_json_said(value: dict[str, Any]) -> None:
    data = json.dumps(value).encode()
    text = render_yaml(data, where="config.json")
    assert same(yaml.safe_load(text), value)
    again = json.dumps(yaml.safe_load(text), indent=3).encode()
    assert render_yaml(again, where="config.json") == text


def test_the_text_is_one_and_the_same() -> None:
    data = (
        b'{"b": [1, {"y": "\xc3\xa9"}], "a": {"long": "' + b"word " * 40 + b'"}, "e": [], "f": {}, "n": null}'
    )
    assert render_yaml(data, where="x").decode() == (
        f"a:\n  long: '{'word ' * 40}'\nb:\n- 1\n- y: é\ne: []\nf: {{}}\nn: null\n"
    )


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b"a: 1"])
def test_what_is_no_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        render_yaml(data, where="config.json")
    assert caught.value.where == "config.json"
