from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.records.action_key import InputDigest, action_key
from release_tasks.records.step import Step, Tree, Write

STEP = Step(
    verb="step",
    subject="train",
    run="module:function",
    doc="Train.",
    args=(("command", ("python", "a.py")), ("seed", 1)),
    reads=("a.py", Tree(("data/*",))),
    writes=(Write("out/w", "output", "exact"),),
    folder="out",
    after=("prepare",),
    facts=("date",),
    devices=("gpu",),
    params=(("lr", 0.1),),
)
INPUTS = (InputDigest("a.py", "11"), InputDigest("data/*", "22"))
FACTS = (("date", "2026"), ("source", "abc"))
# What may differ without another result: words for people, the order of work, where it runs.
FREE = {"doc", "reads", "after", "facts", "alone", "user"}
CHANGED: dict[str, Any] = {
    "verb": "stepp",
    "subject": "trai",
    "run": "module:other",
    "args": (("command", ("python", "b.py")), ("seed", 1)),
    "writes": (Write("out/w", "output", "recorded"),),
    "folder": None,
    "network": True,
    "devices": (),
    "params": (("lr", 0.10000000000000002),),
}


def key(step: Step = STEP, inputs: Any = INPUTS, toolchain: str = "t", facts: Any = FACTS) -> str:
    return action_key(step, inputs=inputs, toolchain=toolchain, facts=facts)


def test_every_field_of_a_step_is_in_the_key_or_known_to_be_free() -> None:
    assert {field.name for field in fields(Step)} == FREE | CHANGED.keys()


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_a_change_of_any_field_changes_the_key(name: str) -> None:
    assert key(replace(STEP, **{name: CHANGED[name]})) != key()


@pytest.mark.parametrize(
    "other",
    [
        {"inputs": INPUTS[:1]},
        {"inputs": (InputDigest("a.py", "12"), INPUTS[1])},
        {"inputs": (InputDigest("b.py", "11"), INPUTS[1])},
        {"inputs": (InputDigest("a.py", "22"), InputDigest("data/*", "11"))},
        {"toolchain": "t2"},
        {"toolchain": ""},
        {"facts": FACTS[:1]},
        {"facts": (("date", "2027"), FACTS[1])},
        {"facts": ()},
    ],
)
def test_a_change_of_the_world_changes_the_key(other: dict[str, Any]) -> None:
    assert key(**other) != key()


@pytest.mark.parametrize("write", [Write("out/v", "output", "exact"), Write("out/w", "other", "exact")])
def test_name_and_role_of_a_write_are_in_the_key(write: Write) -> None:
    assert key(replace(STEP, writes=(write,))) != key()


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (1, "1"), (None, "None"), ((), None), (("a",), "a")]
)
def test_values_of_another_type_are_other_values(one: Any, other: Any) -> None:
    assert key(replace(STEP, params=(("x", one),))) != key(replace(STEP, params=(("x", other),)))


def test_the_order_of_inputs_and_facts_does_not_matter() -> None:
    assert key(inputs=INPUTS[::-1], facts=FACTS[::-1]) == key()


@pytest.mark.parametrize("name", sorted(FREE - {"reads", "facts"}))
def test_what_is_free_does_not_change_the_key(name: str) -> None:
    value: Any = {"doc": "Other.", "after": (), "alone": True, "user": True}[name]
    assert key(replace(STEP, **{name: value})) == key()


TEXT = st.text(st.sampled_from("ab\n\0"), max_size=3)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=3), st.lists(st.tuples(TEXT, TEXT), max_size=3))
def test_no_two_sets_of_parameters_share_a_key(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    """K22's rule for keys: length-prefixed, so that no concatenation reads as another."""
    same = key(replace(STEP, params=tuple(one))) == key(replace(STEP, params=tuple(other)))
    assert same == (one == other)


def test_a_value_cannot_move_to_the_next_group() -> None:
    bare = replace(STEP, args=(), params=())
    assert key(replace(bare, args=(("a", "b"),))) != key(replace(bare, params=(("a", "b"),)))
    assert key(bare, inputs=(InputDigest("a", "b"),), facts=()) != key(bare, inputs=(), facts=(("a", "b"),))


def test_the_key_is_pinned() -> None:
    """A change of this value runs every step of every project again: it must be meant."""
    step = Step(verb="v", run="m:f", doc="")
    assert key(step, inputs=(), toolchain="", facts=()) == PINNED


PINNED = "82ffc1419a497fc6201077f85616503398fc45766de7a8b07784b6ad24c33c93"
