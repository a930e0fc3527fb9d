"""Sections, calls and unsourced numbers of the texts that people write for cards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.card_text import (
    WANTED_CALL,
    Call,
    call_flaws,
    lines_of,
    number_flaws,
    read_call,
    section_flaws,
    sections_of,
)
from release_tasks.records.card import CardSection

REQUIRED = (CardSection("Overview"), CardSection("Performance", "measured"))


def numbers(text: str) -> list[tuple[int, str]]:
    flaws = number_flaws(text, source="a.md", metrics={"pass_at_1", "load_ms"}, units={"ms", "quux", "1"})
    return [(flaw.line, flaw.found) for flaw in flaws]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is right in 97.3 % of cases.", "97.3 %"),
        ("97%", "97%"),
        ("some 5 per cent", "5 per cent"),
        ("between 3-5 % of them", "5 %"),
        ("a loss of 0.25", "loss of 0.25"),
        ("It scores 0.71 there.", "0.71"),
        ("It takes 12 ms.", "12 ms"),
        ("1,150 records", "1,150 records"),
        ("It needs 44 MB of memory", "44 MB"),
        ("at 9 quux", "9 quux"),
        ("pass_at_1 is 7", "pass_at_1 is 7"),
        ("pass@10 of 74", "pass@10 of 74"),
        ("**accuracy**: 93", "accuracy**: 93"),
        ("load ms = 3", "load ms = 3"),
        ("| rate | 9.5 |", "9.5"),
        ("0.71<!-- because I say so -->", "0.71"),
    ],
)
def test_a_number_that_looks_measured_is_found(text: str, found: str) -> None:
    assert numbers(f"words\n\n{text}\n") == [(3, found)]


@pytest.mark.parametrize(
    "text",
    [
        "Two layers, 4 heads and 900 steps.",
        "Version 1.2.3, v0.1.0 and 2026-01-31.",
        "See Chen et al. (2021) for pass@k.",
        'It is {{ figure("quality.mean") }} or {{ stated("3.11", "a version") }}.',
        "`0.71` and ``97 %`` in code",
        "[a link](https://example.org/v1.5/97%25) and https://example.org/0.5",
        "<!-- 0.71 is hidden -->",
        "```\n0.71\n97 %\n```",
        "Chapter 3.",
        "GPT-2 and llama.cpp, 1.1.1.1",
    ],
)
def test_what_is_no_measurement_is_left_alone(text: str) -> None:
    assert numbers(text) == []


def test_a_flaw_names_file_line_and_what_to_write() -> None:
    (flaw,) = number_flaws("\n\n5 %\n", source="cards/model.md")
    assert (flaw.rule, flaw.source, flaw.line, flaw.wanted) == ("number", "cards/model.md", 3, WANTED_CALL)


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


@given(st.text(alphabet=st.sampled_from(list('#` ~\nabc{}"%0.9')), max_size=80))
def test_any_text_is_split_without_loss(text: str) -> None:
    sections = sections_of(text)
    lines = [line for _, line, _ in lines_of(text)]
    assert "\n".join(lines) == text
    assert sum(len(section.lines) for section in sections) + len(sections) - 1 == len(lines)
    for flaw in (*call_flaws(text, source="a"), *number_flaws(text, source="a")):
        assert 1 <= flaw.line <= len(lines)
