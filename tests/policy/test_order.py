"""Each thing after what it needs, else where it was; a circle is told with its path (C1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ConfigError
from release_tasks.policy.order import stable_order


def test_what_needs_nothing_stays_where_it_is() -> None:
    assert stable_order(["c", "a", "b"], {}, what="steps") == ("c", "a", "b")


def test_a_thing_moves_behind_what_it_needs_and_nothing_else_moves() -> None:
    needs = {"use": ["make"], "make": [], "other": []}
    assert stable_order(["use", "other", "make"], needs, what="steps") == ("make", "use", "other")


def test_a_circle_is_refused_with_its_path() -> None:
    with pytest.raises(ConfigError) as caught:
        stable_order(["x", "a", "b", "c"], {"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, what="steps")
    assert str(caught.value) == (
        "steps need each other in a circle\n"
        "  wanted: an order in which each comes after what it reads\n"
        "  found:  a -> b -> c -> a\n"
        "  hint:   let one of them read something else, or write under another name"
    )


def test_a_thing_that_needs_itself_is_a_circle() -> None:
    with pytest.raises(ConfigError, match="a -> a"):
        stable_order(["a"], {"a": ["a"]}, what="steps")


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            st.permutations(range(n)), st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))
        )
    )
)
def test_every_order_is_topological_and_complete(case: tuple[list[int], set[tuple[int, int]]]) -> None:
    order, pairs = case
    names = [str(number) for number in order]
    needs = {
        str(high): sorted(str(low) for low, top in pairs if top == high and low < high)
        for high in range(len(names))
    }
    found = stable_order(names, needs, what="steps")
    assert sorted(found) == sorted(names)
    assert all(found.index(need) < found.index(name) for name in names for need in needs[name])
