from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.policy.record_values import content_digest, texts_of, value_at, without

RECORD: dict[str, Any] = {"id": 1, "a": {"b": "x", "id": 2}, "t": ["y", {"z": "w"}], "n": None}


def test_fields_are_found_by_dotted_names() -> None:
    assert value_at(RECORD, "a.b") == "x"
    assert [value_at(RECORD, name) for name in ("a.c", "t.0", "n", "n.x", "id.x", "")] == [None] * 6


def test_every_text_has_its_name() -> None:
    assert list(texts_of(RECORD)) == [("a.b", "x"), ("t[0]", "y"), ("t[1].z", "w")]


def test_fields_are_left_out_without_changing_the_record() -> None:
    assert without(RECORD, ("id", "a.id", "no.such")) == {"a": {"b": "x"}, "t": ["y", {"z": "w"}], "n": None}
    assert without(RECORD, ("a.id",))["id"] == RECORD["id"] == 1
    assert RECORD["a"] == {"b": "x", "id": 2}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.integers() | st.text(max_size=3), min_size=1))
def test_the_digest_is_of_the_content_in_any_order(record: dict[str, Any]) -> None:
    turned = dict(reversed(list(record.items())))
    assert content_digest(turned, ()) == content_digest(record, ())
    assert content_digest({**record, "id": 7}, ("id",)) == content_digest(record, ("id",))
    assert content_digest({**record, "d": 7}, ("id",)) != content_digest(record, ("id",))
    assert content_digest({"a": 1}, ()) != content_digest({"a": True}, ()) != content_digest({"a": "1"}, ())
