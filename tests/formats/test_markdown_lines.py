"""Which lines are code, what readers see of them, and what is never closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.markdown_lines import OpenEnd, markdown_lines, open_end


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <!-- b --> c", ["a  c"]),
        ("a <!-- b\nc\nd --> e", ["a ", "", " e"]),
        ("`<!--` and `` ` <!-- x --> ``", ["`<!--` and `` ` <!-- x --> ``"]),
        ("\\`<!-- x -->\\`", ["\\`\\`"]),
        ("<!--> <!---> a", ["  a"]),
        ("<!--\n```\n--> x", ["", "", " x"]),
    ],
)
def test_comments_are_not_shown(text: str, shown: list[str]) -> None:
    lines = list(markdown_lines(text))
    assert [(line.number, line.shown, line.fenced) for line in lines] == [
        (number, line, False) for number, line in enumerate(shown, start=1)
    ]


@pytest.mark.parametrize(
    ("text", "fenced"),
    [
        ("```\n<!-- x\n```\ny", [True, True, True, False]),
        ("~~~ `a`\n```\n~~~~\ny", [True, True, True, False]),
        ("``` `a`\ny", [False, False]),
        ("1. ```\n   a\n   ```\ny", [True, True, True, False]),
        ("- > ~~~\n  > a\n  > ~~~\ny", [True, True, True, False]),
        ("    ```\ny", [False, False]),
        ("```\n    ```\n```", [True, True, True]),
    ],
)
def test_fences_open_and_close(text: str, fenced: list[bool]) -> None:
    assert [line.fenced for line in markdown_lines(text)] == fenced
    assert open_end(text) is None


def test_what_is_open_names_its_line() -> None:
    assert open_end("a\n````\n```\nb") == OpenEnd(line=2, opens="````", closes="````")
    assert open_end("a\nb <!-- c\n``") == OpenEnd(line=2, opens="b <!-- c", closes="-->")


@given(st.text(alphabet=st.sampled_from(list("`~<!->\n a1.")), max_size=60))
def test_no_line_is_lost(text: str) -> None:
    assert "\n".join(line.text for line in markdown_lines(text)) == text
