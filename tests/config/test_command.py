import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.config.command import expand_command, placeholder_problems
from release_tasks.config.schema import UserStep
from release_tasks.errors import ConfigError


def step(*command: Any, params: Any = (), seed: int | None = None, writes: Any = ("out/w.json",)) -> Any:
    return UserStep(name="s", command=command, writes=writes, params=params, seed=seed)


def test_all_placeholders() -> None:
    one = step(
        "python", "{writes}", "--lr={params.lr}", "{reads}", "{params.tied}/{seed}", "{{x}}",
        params=(("lr", 0.001), ("tied", True)), seed=7, writes=("a", "b"),
    )  # fmt: skip
    assert expand_command(one, reads=["r1", "r2"]) == (
        "python", "a", "b", "--lr=0.001", "r1", "r2", "true/7", "{x}",
    )  # fmt: skip


def test_substituted_text_is_not_expanded_again() -> None:
    assert expand_command(step("x", "{params.a}", params=(("a", "{seed}"),)), reads=()) == ("x", "{seed}")


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (
            "{sed}",
            (
                "command has an unknown placeholder {sed}\n  wanted: one of {reads}, {writes}, {params.lr}, {seed}\n"
                "  found:  {sed}\n  hint:   did you mean seed?"
            ),
        ),
        (
            "a{reads}",
            (
                '{reads} must be a whole element of the command: it becomes several\n  wanted: "{reads}" on its own\n'
                "  found:  a{reads}"
            ),
        ),
        (
            "a{",
            "command has a brace without a partner\n  found: a{\n  hint:  write {{ or }} for a brace itself",
        ),
        (
            "print({1: 2})",
            (
                "command has an unknown placeholder {1: 2}\n"
                "  wanted: one of {reads}, {writes}, {params.lr}, {seed}\n"
                "  found:  print({1: 2})\n  hint:   write {{ and }} for braces themselves"
            ),
        ),
    ],
)
def test_whole_message(element: str, message: str) -> None:
    bad = step("python", element, params=(("lr", 1),), seed=1)
    assert [(index, str(error)) for index, error in placeholder_problems(bad)] == [(1, message)]
    with pytest.raises(ConfigError) as caught:
        expand_command(bad, reads=())
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("element", "hint"),
    [
        ("{seed}", "declare seed = … beside the command"),
        ("{params.lr}", "declare lr in params beside the command"),
    ],
)
def test_hint_says_what_to_declare(element: str, hint: str) -> None:
    ((_, error),) = placeholder_problems(step("x", element))
    assert error.hint == hint


def test_program_cannot_be_a_list_of_files() -> None:
    ((index, error),) = placeholder_problems(step("{reads}"))
    assert index == 0
    assert str(error) == "command has no program\n  wanted: a program's name\n  found:  {reads}"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_escaped_text_stands_for_itself(words: list[str]) -> None:
    escaped = [word.replace("{", "{{").replace("}", "}}") for word in words]
    assert expand_command(step(*escaped), reads=()) == tuple(words)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("{}resadw.x" + string.digits, max_size=10), min_size=1, max_size=4))
def test_a_command_without_problems_expands(words: list[str]) -> None:
    one = step("x", *words, params=(("x", 1),))
    if list(placeholder_problems(one)):
        with pytest.raises(ConfigError):
            expand_command(one, reads=())
    else:
        assert expand_command(one, reads=())[0] == "x"
