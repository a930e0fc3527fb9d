"""A number that looks measured is found however it is spelt, and no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.card_text import WANTED_CALL
from release_tasks.policy.prose_numbers import number_flaws


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
        ("| rate | 9.5 |", "rate | 9.5"),
        ("0.71<!-- because I say so -->", "0.71"),
        ("97,3 %", "97,3 %"),
        ("about .97 of them", ".97"),
        ("about 0,97 of them", "0,97"),
        ("0·71", "0.71"),
        ("1e-3", "1e-3"),
        ("5 × 10³", "5 × 103"),
        ("９７ ％", "97 %"),
        ("٩٧ ٪", "٩٧ %"),
        ("97\u00a0% and 97\u202f%", "97 %"),
        ("97\u200b %", "97 %"),
        ("97&nbsp;%", "97 %"),
        ("9&#55; %", "97 %"),
        ("**97** %, <b>97</b> %", "97 %"),
        ("97\\%", "97%"),
        ("97 pct", "97 pct"),
        ("97 ppm", "97 ppm"),
        ("97 basis points", "97 basis points"),
        ("½ of them", "1⁄2"),
        ("7 out of 10", "7 out of 10"),
        ("2× faster", "2× faster"),
        ("1.5x", "1.5x"),
        ("12 µs, 12 μs", "12 μs"),
        ("| accuracy | 97 |", "accuracy | 97"),
        ("[right](97 %)", "97 %"),
        ("\\`97 %\\`", "97 %"),
        ("<97%>", "97%"),
        ("``` not ` a fence\n97 %", "97 %"),
        ("a <!-- b\n97 % --> 12 ms", "12 ms"),
    ],
)
def test_a_number_that_looks_measured_is_found(text: str, found: str) -> None:
    assert numbers(f"words\n\n{text}\n") == [(3 + text.count(chr(10)), found)]


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
        "<!--\n0.71\n97 %\n-->",
        "- ```\n  97 %\n  ```",
        "> ~~~\n> 97 %\n> ~~~",
        "512x512 and 3 × 4",
        "Layers 0,1,2.",
        "ninety-seven per cent",
        "GPT-2 and llama.cpp, 1.1.1.1",
    ],
)
def test_what_is_no_measurement_is_left_alone(text: str) -> None:
    assert numbers(text) == []


def test_a_flaw_names_file_line_and_what_to_write() -> None:
    (flaw,) = number_flaws("\n\n5 %\n", source="cards/model.md")
    assert (flaw.rule, flaw.source, flaw.line, flaw.wanted) == ("number", "cards/model.md", 3, WANTED_CALL)


@given(st.text(max_size=80))
def test_any_text_can_be_looked_at(text: str) -> None:
    for flaw in number_flaws(text, source="a", metrics={"(["}, units={"\\"}):
        assert 1 <= flaw.line <= text.count("\n") + 1


@given(st.integers(0, 100), st.sampled_from(["", " ", "\u00a0", "\u2009", "\u202f", "&thinsp;", "** "]))
def test_a_share_is_found_behind_any_space(share: int, space: str) -> None:
    assert [line for line, _ in numbers(f"right in {share}{space}% of cases")] == [1]
