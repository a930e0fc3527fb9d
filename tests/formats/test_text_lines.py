from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.text_lines import WINDOW, JoinedLines, Line, text_lines, value_of

TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60)


def test_plain_text_keeps_its_numbers_and_names() -> None:
    text = "# Model\n\nlicence: MIT\n- key = 'a b'\nsee https://a.invalid\nexport TOKEN=x\n"
    assert text_lines(text, path="README.md") == (
        Line(1, "", "# Model"),
        Line(3, "licence", "licence: MIT"),
        Line(4, "key", "- key = 'a b'"),
        Line(5, "", "see https://a.invalid"),
        Line(6, "TOKEN", "export TOKEN=x"),
    )


@pytest.mark.parametrize(
    ("line", "value"),
    [("licence: MIT", "MIT"), ("- key = 'a b',", "a b"), ('export K="v";', "v"), ("no name", "no name")],
)
def test_the_value_stands_behind_the_name(line: str, value: str) -> None:
    assert value_of(text_lines(line, path="a.yaml")[0]) == value


def test_an_address_in_a_list_has_no_name() -> None:
    assert text_lines("- https://a.invalid/w\n", path="a.yaml") == (Line(1, "", "- https://a.invalid/w"),)


def test_strings_of_json_are_unescaped_lines_under_their_names() -> None:
    text = '{"a": ["x", "y\\nz"],\n "b": {"c": "\\u00e9"}, "n": 12345}\n'
    assert text_lines(text, path="c.json") == (
        Line(1, "", "a", is_key=True),
        Line(1, "a", "x"),
        Line(1, "a", "y"),
        Line(1, "a", "z"),
        Line(2, "", "b", is_key=True),
        Line(2, "", "c", is_key=True),
        Line(2, "c", "é"),
        Line(2, "", "n", is_key=True),
    )


def test_a_lock_file_that_is_no_json_is_plain_text() -> None:
    assert text_lines("a==1\n", path="requirements.lock") == (Line(1, "a", "a==1"),)


def test_a_long_line_is_cut_into_windows_that_overlap() -> None:
    text = "x" * (3 * WINDOW)
    lines = text_lines(text, path="a.txt")
    assert max(len(line.text) for line in lines) == WINDOW
    assert {line.number for line in lines} == {1}
    assert sum(len(line.text) for line in lines) > len(text)


@given(st.dictionaries(TEXTS, st.lists(TEXTS, max_size=4), max_size=4), st.booleans())
def test_every_string_of_any_json_is_found(value: dict[str, list[str]], ascii_only: bool) -> None:  # noqa: FBT001
    text = json.dumps(value, ensure_ascii=ascii_only)
    found = {line.text for line in text_lines(text, path="a.json")}
    strings = [*value, *(item for items in value.values() for item in items)]
    assert {part for string in strings for part in string.split("\n") if part.strip()} <= found


@given(st.text(max_size=200), st.sampled_from(["a.json", "a.txt", "a.yaml"]))
def test_any_text_is_cut_without_an_error(text: str, path: str) -> None:
    joined = JoinedLines(text_lines(text, path=path))
    for place in range(len(joined.text)):
        assert joined.line(place) in joined.lines
    for line in joined.lines:
        assert 1 <= line.number <= text.count("\n") + 1


def test_a_place_is_told_its_line_and_what_stands_before_it() -> None:
    joined = JoinedLines((Line(3, "", "abc"), Line(9, "k", "defg")))
    assert (joined.line(3), joined.line(4)) == (joined.lines[0], joined.lines[1])
    assert joined.before(6) == "de"
    assert joined.before(4) == ""
