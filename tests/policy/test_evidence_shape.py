from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.evidence_shape import (
    COUNT,
    DATE,
    DIGEST,
    FLAG,
    FLAG_OR_NULL,
    MOMENT,
    NUMBER,
    NUMBERS,
    RATE,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    Field,
    Misfit,
    mapping,
    misfits,
    nested,
    rows,
)

# Of each field: what fits, and what does not.
FIELDS: list[tuple[str, Field, list[Any], list[Any]]] = [
    ("FLAG", FLAG, [True, False], [None, 0, 1, "true", [], {}]),
    ("FLAG_OR_NULL", FLAG_OR_NULL, [True, None], [0, ""]),
    ("COUNT", COUNT, [0, 3], [-1, 1.0, True, None, "1"]),
    ("NUMBER", NUMBER, [0, -1, 0.5], [True, None, "1", math.nan, math.inf, -math.inf]),
    ("NUMBERS", NUMBERS, [[], [1, 0.5]], [[True], [math.nan], 1, None, {}]),
    ("RATE", RATE, [0, 1, 0.5], [-0.001, 1.001, True, math.nan, None]),
    ("TEXT", TEXT, ["", "a"], [None, 1, ["a"]]),
    ("TEXT_OR_NULL", TEXT_OR_NULL, ["a", None], [1]),
    ("TEXTS", TEXTS, [[], ["a"]], ["a", [1], [None], None]),
    ("DIGEST", DIGEST, [f"sha256:{'a' * 64}"], ["a" * 64, f"sha256:{'A' * 64}", f"sha256:{'a' * 63}", None]),
    (
        "MOMENT",
        MOMENT,
        ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z"],
        ["2026-01-31T12:00:00", "2026-01-31T12:00:00+01:00", "2026-02-31T12:00:00Z", "Z", None, 0],
    ),
    ("DATE", DATE, ["2026-01-31"], ["20260131", "2026-W05-6", "2026-02-30", "2026-01-31T00:00", None]),
    ("nested", nested({"a": FLAG}), [{"a": True}], [{}, {"a": 1}, {"a": True, "b": 1}, [], None]),
    ("rows", rows({"a": FLAG}), [[], [{"a": True}]], [[{}], [{"a": 1}], [1], {}, None]),
    ("mapping", mapping(COUNT), [{}, {"x": 1, "y": 0}], [{"x": -1}, [], None]),
]
PASSING = [
    pytest.param(field, value, id=f"{name}-{value!r}") for name, field, good, _ in FIELDS for value in good
]
REFUSED = [
    pytest.param(field, value, id=f"{name}-{value!r}") for name, field, _, bad in FIELDS for value in bad
]


@pytest.mark.parametrize(("field", "value"), PASSING)
def test_what_fits(field: Field, value: Any) -> None:
    assert list(field(value, "k")) == []


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_what_does_not_fit(field: Field, value: Any) -> None:
    found = list(field(value, "k"))
    assert found
    assert all(flaw.key.startswith("k") and flaw.wanted and flaw.found for flaw in found)


def test_a_misfit_names_its_place() -> None:
    fields = {"a": rows({"b": nested({"c": NUMBER}), "d": mapping(FLAG)})}
    data: Any = {"a": [{"b": {"c": 1}, "d": {}}, {"b": {"c": math.nan, "x": 0}, "d": {"e é": 1}}], "z": []}
    assert list(misfits(data, fields)) == [
        Misfit("a[1].b.c", "a finite number", "nan"),
        Misfit("a[1].b.x", "no such key", "0"),
        Misfit(r"a[1].d.e \xe9", "true or false", "1"),
        Misfit("z", "no such key", "[]"),
    ]
    assert list(misfits({}, fields)) == [Misfit("a", "a measurement", "no such key")]


def test_what_was_found_is_cut_and_harmless_on_a_terminal() -> None:
    (flaw,) = TEXT(["\x1b[2J" * 100], "k")
    assert (len(flaw.found), flaw.found.isprintable()) == (100, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_json_fits_or_is_told_why_not(value: Any) -> None:
    for _, field, _, _ in FIELDS:
        for flaw in field(value, "k"):
            assert len(flaw.found) <= 100
            assert flaw.key.isprintable()
