"""The values of other surroundings: none is the ordinary one, and each round has its own."""

from __future__ import annotations

import sys
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.records.variation import ASPECTS
from release_tasks.system.environment import profile_environment
from release_tasks.system.surroundings import ORDINARY
from release_tasks.system.variation import unavailable
from release_tasks.system.varied import CHANGES, other_cpus, vary

CPUS = st.frozensets(st.integers(0, 15), min_size=1)


def changed(name: str, round_: int) -> dict[str, object]:
    if (missing := dict(unavailable({name}, boxed=True))) and name in missing:
        pytest.skip(missing[name])
    varied = vary({name}, round_)
    names = [field.name for field in fields(varied)]
    return {name: getattr(varied, name) for name in names if getattr(varied, name) != getattr(ORDINARY, name)}


@pytest.mark.parametrize("name", ASPECTS)
def test_every_name_changes_something_and_always_the_same(name: str) -> None:
    found = changed(name, 1)
    assert found
    assert found == changed(name, 1)


@pytest.mark.parametrize(
    "name",
    [name for name in ASPECTS if name not in {"locale", "aslr", "hostile-environment", "cpu-features"}],
)
def test_the_second_round_has_other_values(name: str) -> None:
    """A locale only where the system has several; the rest of those left out has two states."""
    first, second = changed(name, 1), changed(name, 2)
    assert all(first[key] != second[key] for key in first if key != "own_shared_memory")


def test_nothing_is_varied_unasked() -> None:
    assert vary((), 1) == ORDINARY
    assert vary((), 2, profile="v3") == ORDINARY
    assert CHANGES.keys() == ASPECTS.keys()


@given(CPUS, st.integers(1, 16))
def test_cpus_are_others_than_ours(own: frozenset[int], count: int) -> None:
    choices = other_cpus(own, count)
    assert own not in map(frozenset, choices)
    assert choices or len(own) == 1
    assert all(set(choice) <= own or set(choice) == set(range(count)) for choice in choices)


@pytest.mark.parametrize(
    ("own", "count", "choices"),
    [
        ({0, 1}, 2, ((0,), (1,))),
        ({0}, 2, ((0, 1),)),
        ({1, 2}, 4, ((1,), (2,), (0, 1, 2, 3))),
        ({0}, 1, ()),
    ],
)
def test_one_cpu_and_all_take_turns(own: set[int], count: int, choices: tuple[tuple[int, ...], ...]) -> None:
    assert other_cpus(frozenset(own), count) == choices


@pytest.mark.skipif(sys.platform != "linux", reason="the profiles are defined for Linux")
def test_the_cpu_that_is_played_is_older_than_the_profile() -> None:
    portable = profile_environment("portable")
    assert dict(vary({"cpu-features"}, 1, profile="v3").variables) == portable
    oldest = dict(vary({"cpu-features"}, 1, profile="portable").variables)
    assert oldest == portable | {"OPENBLAS_CORETYPE": "Prescott"}
    free = dict(vary({"cpu-features"}, 1, profile="none").variables)
    assert free.keys() == portable.keys() - {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}
