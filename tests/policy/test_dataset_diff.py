from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError, PathError
from release_tasks.policy.dataset_diff import compare_records, compare_statistics, stated_files
from release_tasks.records.data_record import DataRecord
from release_tasks.records.release_difference import DatasetDifference, NameChanges

HEX = {name: name * 64 for name in "abc"}


def statistics(version: str, **files: str) -> dict[str, Any]:
    rows = [{"path": f"{path}.jsonl", "sha256": HEX[digest], "records": 1} for path, digest in files.items()]
    return {"dataset_version": version, "files": rows}


def record(number: int, value: dict[str, Any]) -> DataRecord:
    return DataRecord(path="r.jsonl", number=number, value=value)


def test_statistics_by_key_and_files_by_digest() -> None:
    found = compare_statistics(
        statistics("1", same="a", gone="a", other="a"), statistics("2", same="a", new="b", other="c")
    )
    assert found.compared == "files"
    assert found.files == NameChanges(added=("new.jsonl",), removed=("gone.jsonl",), changed=("other.jsonl",))
    assert [(one.key, one.before, one.after) for one in found.statistics.shown] == [
        ("dataset_version", '"1"', '"2"')
    ]


def test_a_dataset_that_comes_with_a_release() -> None:
    assert compare_statistics(None, None) == DatasetDifference()
    assert compare_statistics(None, statistics("1", new="a")).files.added == ("new.jsonl",)


def test_hostile_rows_are_refused() -> None:
    with pytest.raises(PathError):
        stated_files({"files": [{"path": "../x", "sha256": HEX["a"], "records": 1}]})
    with pytest.raises(FormatError):
        stated_files({"files": [{"path": "x", "sha256": "--evil", "records": 1}]})
    assert stated_files({"files": [{"path": "x"}, 3]}) == {}


def test_records_by_id() -> None:
    old = [record(1, {"id": 1, "t": "a"}), record(2, {"id": 2, "t": "b"}), record(3, {"id": 3})]
    new = [record(1, {"id": 3}), record(2, {"id": 2, "t": "c"}), record(3, {"id": "four"})]
    assert compare_records(old, new, id_field="id") == NameChanges(
        added=("four",), removed=("1",), changed=("2",)
    )


@pytest.mark.parametrize("more", [{"id": 1}, {"id": None}, {}, {"id": True}])
def test_without_unique_ids_whole_records_are_compared(more: dict[str, Any]) -> None:
    old = [record(1, {"id": 1}), record(2, more), record(3, {"x": 1})]
    new = [record(1, {"x": 1}), record(2, {"id": 1}), record(3, more), record(4, {"x": 2})]
    assert compare_records(old, new, id_field="id") == NameChanges(added=("r.jsonl#4",))
    assert compare_records(new, old, id_field=None) == NameChanges(removed=("r.jsonl#4",))


@given(st.lists(st.dictionaries(st.sampled_from("ab"), st.integers(0, 3)), max_size=8), st.randoms())
def test_order_does_not_matter_and_counts_are_symmetric(values: list[dict[str, int]], order: Any) -> None:
    records = [record(number, dict(value)) for number, value in enumerate(values)]
    mixed = list(records)
    order.shuffle(mixed)
    assert compare_records(records, mixed, id_field="a") == NameChanges()
    half = records[: len(records) // 2]
    there, back = compare_records(half, records, id_field="a"), compare_records(records, half, id_field="a")
    assert (there.added, there.changed) == (back.removed, back.changed)
