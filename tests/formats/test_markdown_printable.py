from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.markdown import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("model.safetensors", "model.safetensors"),
        ("größe 模型", "größe 模型"),
        ("a\x1b[2Kb", "a\\x1b[2Kb"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("no\u2028break\u00a0", "no\\u2028break\\xa0"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_shown_and_never_obeyed(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_every_text_becomes_printable_once_and_for_all(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)
    assert printable(text) == text or not text.isprintable()
