from __future__ import annotations

from typing import Any

from release_tasks.config.schema import Dataset
from release_tasks.errors import FormatError
from release_tasks.policy.dataset_measures import (
    count_categories,
    measure_duplicates,
    measure_holdout,
    other_versions,
    validate,
)
from release_tasks.policy.record_schema import RecordSchema
from release_tasks.records.data_record import DataRecord

WORDS = " ".join(f"w{n}" for n in range(60))


def dataset(**fields: Any) -> Dataset:
    return Dataset(version="1", files=("a.json",), **fields)


def records(*values: dict[str, Any], held: tuple[int, ...] = ()) -> list[DataRecord]:
    return [
        DataRecord(path="a.jsonl", number=n, value=value, heldout=n in held)
        for n, value in enumerate(values, 1)
    ]


def test_a_file_with_one_bad_record_is_not_valid() -> None:
    """K21."""
    schema = RecordSchema({"required": ["a"]}, where="s")
    some = [*records({"a": 1}, {}), DataRecord(path="b.json", number=1, value={"a": 1})]
    found = validate(schema, some, ["a.jsonl", "b.json", "c.json"], unreadable=["c.json"], path="s")
    assert found.valid_files == {"b.json"}
    assert found.measure is not None
    assert [found.measure[key] for key in ("files", "valid_files", "records", "valid_records")] == [
        3,
        1,
        3,
        2,
    ]
    assert set(found.violations) == {"a.jsonl#2"}


def test_a_schema_that_fails_in_use_validates_nothing() -> None:
    found = validate(RecordSchema({"$ref": "#/none"}, where="s"), records({}), ["a.jsonl"], path="s")
    assert found.measure is not None
    assert str(found.measure["problem"]).startswith("the schema refers to what it does not hold: ")
    assert found.valid_files == frozenset()
    broken = validate(FormatError("not JSON", found="x"), records({}), ["a.jsonl"])
    assert broken.measure is not None
    assert broken.measure["problem"] == "not JSON: x"
    assert validate(None, records({}), ["a.jsonl"]).measure is None


def test_id_and_split_do_not_make_a_record_another_one() -> None:
    same = records({"id": 1, "s": "train", "t": WORDS}, {"id": 2, "s": "test", "t": WORDS})
    assert measure_duplicates(dataset(id="id"), same)["exact"] == 0
    found = measure_duplicates(dataset(id="id", split="s", holdout_splits=("test",)), same)
    assert (found["exact"], found["near"], found["repeated_ids"]) == (1, 0, [])


def test_each_repeated_record_counts_once() -> None:
    some = records({"t": WORDS}, {"t": WORDS}, {"t": WORDS + " end"}, {"t": "else"}, {"n": 1}, {"n": 2})
    found = measure_duplicates(dataset(), some)
    assert (found["exact"], found["near"]) == (1, 1)


def test_ids_that_are_missing_are_no_repeated_ids() -> None:
    found = measure_duplicates(dataset(id="id"), records({"t": 1}, {"t": 2}, {"id": 7}, {"id": 7, "t": 3}))
    assert found["repeated_ids"] == ["7"]


def test_a_held_out_record_may_not_be_in_the_training_data() -> None:
    some = records({"t": WORDS}, {"t": WORDS}, {"t": WORDS + " end"}, {"t": "else"}, held=(2, 3, 4))
    found = measure_holdout(dataset(holdout=("h",)), some)
    assert found is not None
    assert [found[key] for key in ("heldout", "training", "contaminated")] == [3, 1, 2]
    among_themselves = measure_holdout(
        dataset(holdout=("h",)), records({"t": WORDS}, {"t": WORDS}, held=(1, 2))
    )
    assert among_themselves is not None
    assert among_themselves["contaminated"] == 0
    assert measure_holdout(dataset(), some) is None


def test_categories_that_are_declared_are_counted_even_when_empty() -> None:
    some = records({"c": "x"}, {"c": "x"}, {"c": True}, {})
    declared = dataset(category="c", categories=("x", "y"))
    assert count_categories(declared, some) == {"null": 1, "true": 1, "x": 2, "y": 0}
    assert count_categories(dataset(), some) is None


def test_other_versions_are_counted() -> None:
    some = records({"v": "1"}, {"v": "2"}, {"v": 1}, {})
    wanted = [{"version": "2", "records": 1}, {"version": "null", "records": 1}]
    assert other_versions(dataset(version_field="v"), some) == wanted
    assert other_versions(dataset(), some) is None
