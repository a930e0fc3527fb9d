"""Which records count, which of them shows most, and which steps on record run again (design §7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.rebuild_choice import best_record, is_varied_less, spot_check, why_not_counted
from release_tasks.records.rebuild import Variations
from release_tasks.records.rebuild_record import RebuildRecord
from tests.fakes.rebuilds import HERE, ONE, RECORDS, RUN, THERE, TWO, record

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WANTED = {"build/model.safetensors": ONE}


@pytest.mark.parametrize(
    ("changed", "run", "why"),
    [
        ({}, None, None),
        ({}, "d" * 64, None),
        ({"outputs": (("build/model.safetensors", ONE), ("build/log", TWO))}, None, None),
        ({"kind": "build"}, None, "it is a record of a first build, not of a rebuild"),
        ({}, RUN, "it comes from the run that built the release"),
        (
            {"outputs": (("build/model.safetensors", TWO),)},
            None,
            "it says that build/model.safetensors came out otherwise",
        ),
        ({"outputs": ()}, None, "it says that build/model.safetensors came out otherwise"),
        (
            {"outputs": (("build/model.json", ONE),)},
            None,
            "it says that build/model.safetensors came out otherwise",
        ),
    ],
)
def test_a_record_counts_for_these_outputs_of_another_run(
    changed: dict[str, Any], run: str | None, why: str | None
) -> None:
    assert why_not_counted(record(**changed), wanted=WANTED, run=run) == why


def test_every_file_that_came_out_otherwise_is_named() -> None:
    wanted = {"b": ONE, "a": ONE, "c": ONE}
    made = record(outputs=(("a", TWO), ("c", ONE)))
    assert why_not_counted(made, wanted=wanted, run=None) == "it says that a, b came out otherwise"


@pytest.mark.parametrize(
    ("left_out", "asked", "less"),
    [((), {"clock"}, False), (("clock",), {"clock", "umask"}, True), (("clock",), {"umask"}, False)],
)
def test_a_record_that_left_out_what_is_asked_for_is_worth_another_run(
    left_out: tuple[str, ...], asked: set[str], *, less: bool
) -> None:
    made = record(variations=Variations(applied=("umask",), left_out=left_out))
    assert is_varied_less(made, asked) is less


def test_nothing_is_the_best_of_nothing() -> None:
    assert best_record((), builder=None) is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"machine": THERE, "rebuilt_at": "2020-01-01T00:00:00Z"}, {"machine": HERE}),
        (
            {"variations": Variations(applied=("home",))},
            {"variations": Variations(applied=("home", "time"), left_out=("user",))},
        ),
        (
            {"variations": Variations(applied=("home", "time")), "rebuilt_at": "2020-01-01T00:00:00Z"},
            {"variations": Variations(applied=("home",))},
        ),
        ({"rebuilt_at": "2026-11-21T17:32:34Z"}, {"rebuilt_at": "2026-11-21T17:32:33Z"}),
        ({"run": "f" * 64}, {"run": "0" * 64}),
    ],
)
def test_the_record_that_shows_most_is_taken(better: dict[str, Any], worse: dict[str, Any]) -> None:
    """Of another machine, fully varied, under more variations, newest, and then by name."""
    one, other = record(**better), record(**worse)
    assert best_record((one, other), builder=HERE.id) is one
    assert best_record((other, one), builder=HERE.id) is one


def test_where_the_builder_is_not_known_no_machine_is_better() -> None:
    newest = record(rebuilt_at="2026-11-21T17:32:34Z")
    assert best_record((record(machine=THERE), newest), builder=None) is newest


AGES = {
    "old": record(rebuilt_at="2026-11-01T00:00:00Z", seconds=10),
    "dear": record(rebuilt_at="2026-11-01T00:00:00Z", seconds=1000),
    "new": record(rebuilt_at="2026-11-21T00:00:00Z", seconds=10),
    "cheap": record(rebuilt_at="2026-11-21T00:00:00Z", seconds=0),
}


@pytest.mark.parametrize(
    ("count", "chosen"),
    [
        (0, ()),
        (1, ("cheap",)),
        (2, ("cheap", "old")),
        (3, ("cheap", "new", "old")),
        (4, ("cheap", "dear", "new", "old")),
        (9, ("cheap", "dear", "new", "old")),
    ],
)
def test_spot_checks_take_the_oldest_per_second_of_cost(count: int, chosen: tuple[str, ...]) -> None:
    assert spot_check(AGES, count, now=NOW) == chosen


def test_ties_are_broken_by_name() -> None:
    assert spot_check({"b": record(), "c": record(), "a": record()}, 2, now=NOW) == ("a", "b")


@given(st.dictionaries(st.text(max_size=4), RECORDS, max_size=5), st.integers(0, 6), st.randoms())
def test_the_choice_is_the_same_whatever_the_order(
    records: dict[str, RebuildRecord], count: int, random: Any
) -> None:
    names = list(records)
    random.shuffle(names)
    chosen = spot_check(records, count, now=NOW)
    assert chosen == spot_check({name: records[name] for name in names}, count, now=NOW)
    assert len(chosen) == min(count, len(records))
    assert set(chosen) <= set(records)
