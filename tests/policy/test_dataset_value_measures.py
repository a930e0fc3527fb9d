from __future__ import annotations

from typing import Any

import pytest

from release_tasks.config.schema import Dataset
from release_tasks.formats.marginal_targets import Marginal, Targets
from release_tasks.policy.dataset_value_measures import (
    measure_marginals,
    measure_personal_data,
    measure_provenance,
    measure_texts,
    measure_weights,
)
from release_tasks.policy.record_schema import Violation
from release_tasks.records.data_record import DataRecord


def dataset(**fields: Any) -> Dataset:
    return Dataset(version="1", files=("a.json",), **fields)


def records(*values: dict[str, Any]) -> list[DataRecord]:
    return [DataRecord(path="a", number=n, value=value) for n, value in enumerate(values, 1)]


def test_a_weight_that_is_none_counts_as_nothing_and_is_told() -> None:
    some = records(*({"w": w} for w in (1, 1.0, True, "1", None, -1, 10**400)), {})
    assert measure_weights(dataset(weight="w"), some) == {
        "invalid": 6,
        "ess_ratio": 0.25,
        "concentration": 0.04,
    }
    assert measure_weights(dataset(), some) is None


TARGETS = Targets(
    marginals=(Marginal(field="sex", shares={"f": 0.5, "m": 0.5}, provenance="estimated"),), converged=False
)


def test_marginals_are_weighted() -> None:
    some = records({"sex": "f", "w": 3}, {"sex": "m", "w": 1})
    for fields, distance in (({"weight": "w"}, 0.5), ({}, 0.0)):
        found = measure_marginals(dataset(critical=("sex",), **fields), TARGETS, some)
        row = {"field": "sex", "l1": distance, "level": "critical", "provenance": "estimated"}
        assert found == {"converged": False, "fields": [row]}
    assert measure_marginals(dataset(), None, some) is None


def test_what_a_record_does_not_say_of_a_declared_field_is_a_fallback() -> None:
    some = records(
        {"p": {"a": "real", "x": "estimated"}}, {"p": {"a": "guess"}}, {"p": None}, {"p": {"a": "estimated"}}
    )
    found = measure_provenance(dataset(provenance="p", supercritical=("a",), ethnocultural=("b",)), some)
    assert found == [
        {"field": "a", "level": "supercritical", "ethnocultural": False, "fallback": 0.5, "estimated": 0.25},
        {"field": "b", "level": "other", "ethnocultural": True, "fallback": 1.0, "estimated": 0.0},
        {"field": "x", "level": "other", "ethnocultural": False, "fallback": 0.0, "estimated": 0.25},
    ]
    assert measure_provenance(dataset(), some) is None


def test_checks_that_are_not_declared_are_null() -> None:
    found = measure_texts(dataset(text=("t",)), records({"t": "a"}), {})
    assert found is not None
    assert [key for key, value in found.items() if value is None] == [
        "too_short",
        "too_long",
        "other_language",
        "pronouns",
        "mock",
    ]
    assert measure_texts(dataset(), records({"t": "a"}), {}) is None


def test_lengths_are_inclusive_and_counted_in_characters() -> None:
    some = records({"t": "é" * 2}, {"t": "é" * 3}, {"t": "é" * 5}, {"t": "é" * 6})
    found = measure_texts(dataset(text=("t",), min_chars=3, max_chars=5), some, {})
    assert found is not None
    assert (found["too_short"], found["too_long"]) == (1, 1)


@pytest.mark.parametrize(("fields", "count"), [(("t",), 1), (("other",), 0), (("t.deeper",), 0)])
def test_a_text_that_violates_the_schema_is_counted_by_its_field(fields: tuple[str, ...], count: int) -> None:
    violations = {"a#1": (Violation("t", "too short", fields),)}
    found = measure_texts(dataset(text=("t",)), records({"t": "a"}, {"t": "b"}), violations)
    assert found is not None
    assert found["schema_invalid"] == count


def test_texts_of_mock_records_are_counted_by_field() -> None:
    some = records({"t": "a", "u": "b", "m": True}, {"t": "a", "u": "b", "m": "true"})
    found = measure_texts(dataset(text=("t", "u"), mock="m"), some, {})
    assert found is not None
    assert (found["texts"], found["mock"]) == (4, 2)


def test_personal_data_are_placed_and_not_quoted() -> None:
    found = measure_personal_data(records({"n": 1}, {"x": {"y": ["", "a@b.md"]}}, {"z": "c@d.md"}))
    assert found == [{"kind": "e-mail", "texts": 2, "first": "a#2: x.y[1]"}]
