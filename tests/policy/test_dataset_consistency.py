from __future__ import annotations

import copy
from typing import Any

import pytest

from release_tasks.policy.dataset_consistency import LARGEST, dataset_contradictions
from tests.fakes.dataset_evidence import SAMPLE, SOUND


def told(**changed: Any) -> list[str]:
    """What contradicts what in the sound evidence with values of its measures changed."""
    data = copy.deepcopy(SOUND)
    for key, value in changed.items():
        data[key] = {**data[key], **value} if isinstance(value, dict) else value
    return [f"{flaw.key}: wanted {flaw.wanted}, found {flaw.found}" for flaw in dataset_contradictions(data)]


@pytest.mark.parametrize("data", [SOUND, SAMPLE], ids=["sound", "sample"])
def test_what_was_measured_agrees(data: Any) -> None:
    assert list(dataset_contradictions(data)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"files": 4}, "largest: wanted 4, as the rest of the record says, found 3"),
        (
            {"schema": {"files": 4, "valid_files": 4}},
            "schema.files: wanted at most 3, as the rest of the record says, found 4",
        ),
        (
            {"schema": {"records": 100, "valid_records": 100}},
            "schema.records: wanted 200, as the rest of the record says, found 100",
        ),
        (
            {"schema": {"valid_files": 1}},
            "schema.valid_files: wanted what follows from 200 valid of 200 records, found something else",
        ),
        (
            {"schema": {"valid_files": 1, "valid_records": 199}},
            "schema.examples: wanted what follows from 199 valid of 200 records, found something else",
        ),
        (
            {"duplicates": {"records": 400}},
            "duplicates.records: wanted 200, as the rest of the record says, found 400",
        ),
        (
            {"duplicates": {"exact": 199, "near": 1}},
            "duplicates: exact and near: wanted at most 199, as the rest of the record says, found 200",
        ),
        (
            {"holdout": {"training": 90}},
            "holdout: heldout and training: wanted 200, as the rest of the record says, found 110",
        ),
        (
            {"holdout": {"contaminated": 21}},
            "holdout.contaminated: wanted at most 20, as the rest of the record says, found 21",
        ),
        ({"texts": {"texts": 300}}, "texts.texts: wanted as many for each of 200 records, found 300"),
        (
            {"texts": {"mock": 201}},
            "texts.mock: wanted at most 200, as the rest of the record says, found 201",
        ),
    ],
)
def test_what_cannot_all_be_true(changed: dict[str, Any], said: str) -> None:
    assert told(**changed) == [said]


def test_a_schema_that_is_none_validates_nothing() -> None:
    assert told(schema={"problem": "type: 7", "valid_files": 0, "valid_records": 0}) == []


def test_of_many_files_the_largest_are_told() -> None:
    assert told(files=100, largest=SOUND["largest"][:1] * LARGEST) == []
