from __future__ import annotations

import pytest

from release_tasks.policy.vague_entry import vagueness


@pytest.mark.parametrize(
    "text",
    ["misc", "various fixes", "Update", "WIP", "fix bug", "fix bugs (#12)", "minor improvements and bugfixes",
     "Updates.", "some small changes", "clean up the code", "work in progress"],
)  # fmt: skip
def test_words_that_name_no_change(text: str) -> None:
    assert vagueness(text) == "words that name no change"


def test_one_word_and_none() -> None:
    assert vagueness("tokenizer") == "one word"
    assert vagueness("tokenizer (#7)") == "one word"
    assert vagueness("(#7)") == "no word"
    assert vagueness("…") == "no word"


@pytest.mark.parametrize(
    "text",
    [
        "count empty records too",
        "update numpy to 2.2",
        "fix the order of merges",
        "修正登录错误",
        "drop float64",
    ],
)
def test_words_that_say_something(text: str) -> None:
    assert vagueness(text) is None
