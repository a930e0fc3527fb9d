"""The search for what is behind an effect: exact over any culprits, in few trials, each set tried once."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.culprits import Culprits, find_culprits, smallest

NAMES = tuple("abcdefghijklmn")


class Counted:
    """A test of sets of names that remembers them, as the verb does."""

    def __init__(self, effect: Callable[[frozenset[str]], bool]) -> None:
        self.known: dict[frozenset[str], bool] = {}
        self._effect = effect

    def __call__(self, names: frozenset[str]) -> bool:
        if names not in self.known:
            self.known[names] = self._effect(names)
        return self.known[names]


def search(effect: Callable[[frozenset[str]], bool], *, likely: int = 0) -> tuple[Culprits, int]:
    counted = Counted(effect)
    found = find_culprits(NAMES, likely=likely, has_effect=counted, still_has_it=effect)
    return found, len(counted.known)


def test_nothing_is_behind_what_does_not_happen() -> None:
    assert search(lambda _: False) == (Culprits(), 1)
    assert find_culprits((), likely=0, has_effect=lambda _: True, still_has_it=lambda _: True) == Culprits()


@pytest.mark.parametrize("name", NAMES)
def test_one_culprit_is_found_in_few_trials(name: str) -> None:
    found, trials = search(lambda names: name in names)
    assert found == Culprits(alone=(name,))
    assert trials <= math.ceil(math.log2(len(NAMES))) + 3


def test_a_suspect_is_tried_first() -> None:
    """The whole, the suspect, the rest."""
    found, trials = search(lambda names: "a" in names, likely=1)
    assert (found, trials) == (Culprits(alone=("a",)), 3)
    found, trials = search(lambda names: "m" in names, likely=1)
    assert found == Culprits(alone=("m",))


@given(st.frozensets(st.sampled_from(NAMES), min_size=1), st.integers(0, len(NAMES)))
def test_every_culprit_is_found_with_a_bounded_number_of_trials(guilty: frozenset[str], likely: int) -> None:
    found, trials = search(lambda names: bool(names & guilty), likely=likely)
    assert set(found.alone) == guilty
    assert found.together == ()
    assert trials <= (math.ceil(math.log2(len(NAMES))) + 3) * len(guilty) + 1


@given(st.frozensets(st.sampled_from(NAMES), min_size=2))
def test_those_that_only_work_together_are_found_together(guilty: frozenset[str]) -> None:
    found, trials = search(lambda names: guilty <= names)
    assert set(found.together) == guilty
    assert found.alone == ()
    assert trials <= 2 * len(NAMES)


def test_one_alone_and_two_together() -> None:
    found, _ = search(lambda names: "c" in names or {"f", "n"} <= names)
    assert found == Culprits(alone=("c",), together=("f", "n"))


def test_an_effect_that_does_not_come_back_accuses_nobody() -> None:
    """What was seen once, under everything, and never again: no name is called needed for it."""
    counted = Counted(lambda names: len(names) == len(NAMES))
    found = find_culprits(NAMES, likely=0, has_effect=counted, still_has_it=lambda _: False)
    assert found == Culprits()
    assert len(counted.known) <= 6


@given(
    st.dictionaries(st.frozensets(st.sampled_from(NAMES)), st.booleans()), st.booleans(), st.integers(0, 14)
)
def test_any_answers_end_the_search(answers: dict[frozenset[str], bool], other: bool, likely: int) -> None:  # noqa: FBT001
    """However the answers contradict each other, as those of a race do."""
    found, trials = search(lambda names: answers.get(names, other), likely=likely)
    assert {*found.alone, *found.together} <= set(NAMES)
    assert trials <= 8 * len(NAMES)


@given(st.frozensets(st.sampled_from(NAMES), min_size=1))
def test_the_smallest_set_loses_the_effect_without_any_of_its_names(guilty: frozenset[str]) -> None:
    assert set(smallest(NAMES, lambda names: guilty <= names)) == guilty
    assert smallest(("a",), lambda _: True) == ("a",)
