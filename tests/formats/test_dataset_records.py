from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.dataset_records import parse_records

RECORDS = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=3)
)


@settings(deadline=None)
@given(RECORDS)
def test_a_list_and_lines_hold_the_same_records(values: list[dict[str, Any]]) -> None:
    document = json.dumps(values).encode()
    lines = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    of_document, of_lines = parse_records(document, path="a.json"), parse_records(lines, path="a.jsonl")
    assert [record.value for record in of_document] == values == [record.value for record in of_lines]
    assert [record.number for record in of_lines] == list(range(1, len(values) + 1))


def test_one_object_is_one_record() -> None:
    (record,) = parse_records(b' {"a": 1}\n', path="d/a.json")
    assert (record.place, record.value, record.heldout) == ("d/a.json#1", {"a": 1}, False)


def test_the_last_line_may_lack_its_end_and_a_file_may_hold_nothing() -> None:
    assert len(parse_records(b'{"a": 1}\r\n{"a": 2}', path="a.ndjson")) == 2
    assert parse_records(b"", path="a.JSONL") == parse_records(b"[]", path="a.json") == ()


@pytest.mark.parametrize(
    ("data", "path", "text"),
    [
        (
            b"[1]",
            "a.json",
            "not a record\n  wanted: a JSON object\n  found:  a number\n  where:  a.json: record 1",
        ),
        (b"true", "a.json", "not a record\n  wanted: a JSON object\n  found:  a boolean\n  where:  a.json"),
        (
            b'{"a": 1}\n\n{}\n',
            "a.jsonl",
            "not JSON\n  found: Expecting value at line 1 column 1\n  where: a.jsonl: line 2",
        ),
        (
            b'{"a": 1, "a": 2}',
            "a.json",
            "JSON object names a key twice\n  wanted: every key once\n  found:  'a'\n  where:  a.json",
        ),
        (
            b'{"a": NaN}',
            "a.json",
            "not a JSON number\n  wanted: finite numbers\n  found:  NaN\n  where:  a.json",
        ),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(data: bytes, path: str, text: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_records(data, path=path)
    assert str(caught.value) == text


@settings(deadline=None)
@given(st.binary(max_size=40), st.sampled_from(["a.json", "a.jsonl"]))
def test_any_bytes_give_records_or_a_clear_refusal(data: bytes, path: str) -> None:
    where = path
    try:
        parse_records(data, path=path)
    except FormatError as error:
        where = str(error.where)
    assert where.startswith(path)
