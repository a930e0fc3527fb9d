from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.policy.text_checks import language_of, parse_problem, pronouns_differ, words_of

TEXTS = {
    "de": "Die Stadt ist nicht groß, aber sie hat einen Markt und viele Häuser, die noch von früher sind.",
    "en": "The town is not large but it has a market and there are houses that were built by the river.",
    "es": "La ciudad no es grande pero tiene un mercado y hay casas que están cerca del río desde siempre.",
    "fr": "La ville n'est pas grande mais elle a un marché et des maisons qui sont dans les rues du centre.",
    "ro": "Orașul nu este mare, dar are o piață și case care sunt din vremuri vechi, pe malul râului.",
    "ru": "Город не большой, но в нём есть рынок и дома, которые были у реки, и это его вид.",
}


@pytest.mark.parametrize("language", sorted(TEXTS))
@pytest.mark.parametrize("declared", sorted(TEXTS))
def test_a_paragraph_tells_its_language(language: str, declared: Any) -> None:
    assert language_of(words_of(TEXTS[language]), declared) == language


@pytest.mark.parametrize("text", ["", "x = y + 1", "Paris, Rome, Oslo", "the of and to"])
def test_few_function_words_say_nothing(text: str) -> None:
    assert language_of(words_of(text), "ro") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Plain.\tWith\r\nlines, é and 😀", None),
        (" \n", "nothing but white space"),
        ("", "nothing but white space"),
        ("a\0b", "U+0000 at character 1"),
        ("caf\ufffd", "U+FFFD at character 3"),
        ("a\x85b", "U+0085 at character 1"),
    ],
)
def test_what_is_text(text: str, problem: str | None) -> None:
    assert parse_problem(text) == problem


SHE, HE = "She said that her town is hers.", "He said that his town is his own."


@pytest.mark.parametrize(
    ("text", "declared", "differs"),
    [
        (SHE, "female", False),
        (SHE, "F", False),
        (SHE, "she/her", False),
        (SHE, "male", True),
        (HE, "she/her", True),
        (HE, "they/them", True),
        ("They said that the town is theirs.", "they/them", False),
        (SHE + HE, "female", False),  # three against three: nobody is in the majority
        (HE, "unknown", False),
        (HE, None, False),
        (HE, 1, False),
    ],
)
def test_pronouns(text: str, declared: Any, differs: bool) -> None:  # noqa: FBT001 - a table
    assert pronouns_differ(words_of(text), declared, "en") is differs


def test_pronouns_of_another_language() -> None:
    assert pronouns_differ(words_of("El a venit, iar el a plecat."), "feminin", "ro")
    assert not pronouns_differ(words_of("Ea a venit."), "feminin", "ro")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    parse_problem(text)
    assert language_of(words_of(text), "en") in {None, *TEXTS}
