from __future__ import annotations

import pytest

from release_tasks.formats.text_lines import text_lines
from release_tasks.policy.open_marks import OpenMark, open_marks


def test_every_mark_is_found_once_a_line() -> None:
    """R6."""
    text = "done\nTODO(ada): more, TODO\nFIXME: x XXX\n"
    assert open_marks(text_lines(text, path="README.md")) == (
        OpenMark(2, "TODO"),
        OpenMark(3, "FIXME"),
        OpenMark(3, "XXX"),
    )


@pytest.mark.parametrize("text", ["a todo list", "TODOS", "MATODO", "XXXL", "size-XXX-large", "mXXX_y"])
def test_words_that_only_look_like_marks(text: str) -> None:
    assert open_marks(text_lines(text, path="README.md")) == ()
