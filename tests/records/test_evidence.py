from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.records.digest import sha256
from release_tasks.records.evidence import Evidence, evidence_from_json, evidence_path

DIGEST = sha256("0" * 64)
RECORD = Evidence(kind="smoke", subjects=(("a", DIGEST),), data={"ran": True})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.text(max_size=9),
    st.dictionaries(st.text(max_size=9), st.binary(min_size=32, max_size=32), max_size=3),
    st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
)
def test_a_record_reads_back_as_it_was_written(kind: str, subjects: dict[str, bytes], data: Any) -> None:
    pairs = tuple((path, sha256(digest.hex())) for path, digest in sorted(subjects.items()))
    record = Evidence(kind=kind, subjects=pairs, data=data)
    assert evidence_from_json(record.to_json(), where="x") == record


@pytest.mark.parametrize("key", ["schema_version", "kind", "subjects", "data"])
def test_a_record_without_one_of_its_keys_is_none(key: str) -> None:
    value = RECORD.to_json()
    del value[key]
    with pytest.raises(FormatError) as caught:
        evidence_from_json(value, where=".release/records/smoke.json")
    assert str(caught.value) == (
        "not an evidence record\n"
        "  wanted: schema_version 1, kind, subjects, data\n"
        f"  found:  {', '.join(sorted(value))}\n"
        "  where:  .release/records/smoke.json\n"
        "  hint:   remove the file and run 'doit release'"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"schema_version": "1"},
        {"kind": None},
        {"subjects": []},
        {"subjects": {"a": "sha256:1"}},
        {"subjects": {"a": None}},
        {"data": []},
        {"extra": 1},
    ],
)
def test_a_record_of_another_shape_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        evidence_from_json({**RECORD.to_json(), **change}, where="x")


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_a_record_is_an_object(value: Any) -> None:
    with pytest.raises(FormatError) as caught:
        evidence_from_json(value, where="x")
    assert caught.value.found == type(value).__name__


def test_records_are_kept_by_kind() -> None:
    assert evidence_path("smoke") == ".release/records/smoke.json"
