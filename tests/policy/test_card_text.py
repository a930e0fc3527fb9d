"""Sections, calls and unsourced numbers of the texts that people write for cards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.card_text import (
    Call,
    call_flaws,
    read_call,
    section_flaws,
    sections_of,
)
from release_tasks.records.card import CardSection

REQUIRED = (CardSection("Overview"), CardSection("Performance", "measured"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("## Overview\n\nWords.\n", []),
        ("# A title\n\n<!-- a note -->\n\n## Overview\nWords.\n", []),
        ("## Overview\n\nWords.\n## Other\nMore.", []),
        ("```\n## Overview\n```\n", [(1, "words below a heading ## Section", "words before the first one"), (4, "a section ## Overview", "none")]),
        ("## Overview\n\n## Other\nx", [(1, "words below ## Overview", "nothing")]),
        ("## overview\nWords.", [(2, "a section ## Overview", "## overview")]),
        ("## Overview\nA.\n## Overview\nB.", [(3, "one section ## Overview", "another one, in line 1")]),
        ("## Overview\nA.\n## Performance\n", [(3, "words below ## Performance", "nothing")]),
        ("", [(1, "a section ## Overview", "none")]),
    ],
)  # fmt: skip
def test_sections_that_are_missing_empty_or_double(text: str, told: list[tuple[int, str, str]]) -> None:
    flaws = section_flaws(text, REQUIRED, ("measured",), source="a.md")
    assert [(flaw.line, flaw.wanted, flaw.found) for flaw in flaws] == told


def test_without_its_ground_a_section_must_be_written() -> None:
    flaws = section_flaws("## Overview\nWords.\n", REQUIRED, (), source="a.md")
    assert [flaw.wanted for flaw in flaws] == ["a section ## Performance"]


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('{{ figure("a.b") }}', Call(figure="a.b")),
        ('{{figure( "a" )}}', Call(figure="a")),
        ('{{ stated("3.11", "a version") }}', Call(figure=None, stated="3.11", why="a version")),
        (r'{{ stated("\"x\"", "why") }}', Call(figure=None, stated='"x"', why="why")),
        ('{{ stated("3.11", " ") }}', None),
        ('{{ stated("", "why") }}', None),
        ('{{ stated("3.11") }}', None),
        ('{{ "97.3 %" }}', None),
        ("{{ figure(name) }}", None),
        ("{% for x in y %}", None),
        ('{{ figure("a") ~ "9" }}', None),
    ],
)
def test_there_are_two_calls_and_no_others(text: str, call: Call | None) -> None:
    assert read_call(text) == call
    assert [flaw.found for flaw in call_flaws(text, source="a.md")] == ([] if call else [text])


def test_a_call_in_code_would_show_its_source() -> None:
    (flaw,) = call_flaws('see `{{ figure("a") }}`', source="a.md")
    assert (flaw.rule, flaw.wanted, flaw.found) == ("call", "a call outside of code", '`{{ figure("a") }}`')
    assert list(call_flaws("```\n{{ x }}\n```", source="a.md")) == []


def test_a_template_that_is_cut_is_found() -> None:
    assert [flaw.found for flaw in call_flaws('{{ figure("a"', source="a.md")] == ["{{"]


@given(st.text(alphabet=st.sampled_from(list('#` ~\nabc{}"%0.9<!->')), max_size=80))
def test_any_text_is_split_without_loss(text: str) -> None:
    sections = sections_of(text)
    count = text.count("\n") + 1
    assert sum(len(section.lines) for section in sections) + len(sections) - 1 == count
    for flaw in (*call_flaws(text, source="a"), *section_flaws(text, REQUIRED, (), source="a")):
        assert 1 <= flaw.line <= count


@pytest.mark.parametrize(
    "text",
    ["<!-- nothing yet -->", "\u200b", "&nbsp;", "-", "### Only a heading", "<br>", "```\n\n```", "<!--\nx\n-->", "<!---->"],
)  # fmt: skip
def test_a_section_that_shows_no_word_is_empty(text: str) -> None:
    (flaw,) = section_flaws(f"## Overview\n{text}\n", REQUIRED, ("measured",), source="a.md")
    assert (flaw.line, flaw.wanted, flaw.found) == (1, "words below ## Overview", "nothing")


@pytest.mark.parametrize(
    "text", ["```\ncode\n```", "Ω", '{{ figure("a") }}', "![a picture](a.svg)", "<b>x</b>"]
)
def test_a_section_that_shows_something_is_not_empty(text: str) -> None:
    assert list(section_flaws(f"## Overview\n{text}\n", REQUIRED, ("measured",), source="a.md")) == []


def test_a_section_in_a_comment_is_not_there() -> None:
    text = "<!--\n## Overview\nWords.\n-->\n"
    (flaw,) = section_flaws(text, REQUIRED, ("measured",), source="a.md")
    assert (flaw.wanted, flaw.found) == ("a section ## Overview", "none")


@pytest.mark.parametrize(("text", "closes"), [("~~~~ py", "~~~~"), ("- ```", "```"), ("x <!-- y", "-->")])
def test_what_is_not_closed_would_swallow_the_document(text: str, closes: str) -> None:
    found = section_flaws(f"## Overview\nWords.\n{text}\nmore", REQUIRED, ("measured",), source="a.md")
    assert [(flaw.rule, flaw.line, flaw.wanted, flaw.found) for flaw in found] == [
        ("section", 3, f"{closes} that closes it", "none")
    ]
