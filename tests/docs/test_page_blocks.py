"""A page is read as CONTRIBUTING.md says: commands, files, marks, setups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.docs.page_blocks import Block, Command, commands_of, parse_page

PAGE = """# Title

<!-- setup: tiny -->
```toml title="a/b.toml"
[x]
```

<!-- not run: no network -->
```console
$ one
```
```console
$ two \\
    three    # exit code 1
out

more

$ four
```

<!-- not run: far away -->

text
```pycon
>>> 1
1
```
"""


def console(text: str) -> Block:
    return Block("p:1", "console", text)


def test_blocks_come_with_place_language_names_and_marks() -> None:
    page = parse_page("p", PAGE)
    assert page.setup == "tiny"
    assert page.runs()
    assert [(block.where, block.language, block.names, block.not_run) for block in page.blocks] == [
        ("p:4", "toml", {"title": "a/b.toml"}, None),
        ("p:9", "console", {}, "no network"),
        ("p:12", "console", {}, None),
        ("p:25", "pycon", {}, None),
    ]
    assert page.blocks[0].text == "[x]\n"


def test_commands_have_their_output_and_exit_code() -> None:
    assert commands_of(parse_page("p", PAGE).blocks[2]) == [
        Command("two \\\n    three", 1, ("out", "", "more")),
        Command("four", 0, None),
    ]


def test_a_page_without_a_setup_begins_in_an_empty_folder() -> None:
    page = parse_page("p", "<!-- not run: x -->\n```console\n$ x\n```\n")
    assert page.setup == "empty"
    assert not page.runs()


def test_output_before_a_command_is_refused() -> None:
    with pytest.raises(AssertionError, match="p:1: a console block begins with a command"):
        commands_of(console("out\n$ x\n"))


def test_a_block_that_does_not_end_is_refused() -> None:
    with pytest.raises(AssertionError, match="p:2: the block does not end"):
        parse_page("p", "\n```text\nx\n")


def test_two_setups_are_refused() -> None:
    with pytest.raises(AssertionError, match="p has 2 setups"):
        parse_page("p", "<!-- setup: tiny -->\n<!-- setup: empty -->\n")


_LINES = st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20), max_size=5)


@given(st.lists(st.tuples(st.sampled_from(["console", "text", "toml"]), _LINES), max_size=4))
def test_every_block_comes_back_as_it_was_written(blocks: list[tuple[str, list[str]]]) -> None:
    blocks = [(language, [f"- {line}" for line in lines]) for language, lines in blocks]
    text = "\n".join("\n".join((f"```{language}", *lines, "```\n")) for language, lines in blocks)
    found = [(block.language, block.text.splitlines()) for block in parse_page("p", text).blocks]
    assert found == blocks
