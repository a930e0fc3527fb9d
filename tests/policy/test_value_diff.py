from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.value_diff import compare_values, differing_values, short_json
from release_tasks.records.difference import ValueDifference

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("a.b[1]", "2", "3")]),
        ({"a": 1}, {"b": 1}, [("a", "1", None), ("b", None, "1")]),
        ({"a": None}, {}, [("a", "null", None)]),
        ({"x.y": 1, 'q"': 2}, {"x.y": 2, 'q"': 3}, [(r'["q\""]', "2", "3"), ('["x.y"]', "1", "2")]),
        ([1], [1, {"k": "v"}], [("[1]", None, '{"k": "v"}')]),
        (1, 1.0, [("", "1", "1.0")]),
        (True, 1, [("", "true", "1")]),
        ({"a": []}, {"a": {}}, [("a", "[]", "{}")]),
        (float("nan"), float("nan"), []),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}, []),
    ],
)
def test_keys_are_dotted(before: Any, after: Any, found: list[tuple[str, str | None, str | None]]) -> None:
    assert list(differing_values(before, after)) == [
        ValueDifference(key=key, before=old, after=new) for key, old, new in found
    ]


def test_the_count_is_exact_and_what_is_shown_bounded() -> None:
    found = compare_values(list(range(1000)), [0] * 1000)
    assert (found.count, len(found.shown), found.shown[0].key) == (999, 50, "[1]")
    assert short_json("é\n" * 99)[:-1].isascii()
    assert len(short_json("x" * 999)) == 121


@given(JSON_VALUES)
def test_a_value_equals_itself(value: Any) -> None:
    assert compare_values(value, value).count == 0


@given(JSON_VALUES, JSON_VALUES)
def test_the_other_way_round_added_is_removed(before: Any, after: Any) -> None:
    there = {(one.key, one.before, one.after) for one in differing_values(before, after)}
    back = {(one.key, one.after, one.before) for one in differing_values(after, before)}
    assert there == back
