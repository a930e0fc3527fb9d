"""What people wrote is read as text, or told where it is none."""

from __future__ import annotations

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.hand_text import read_hand_text


def test_marks_and_line_ends_of_other_systems_are_read() -> None:
    assert read_hand_text(b"\xef\xbb\xbfa\r\nb\rc\n", where="a.md") == "a\nb\nc\n"
    assert read_hand_text("é e\u0301 שלום 👩‍💻\t\n".encode(), where="a.md") == "é e\u0301 שלום 👩‍💻\t\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\n\xff", "not text\n  wanted: UTF-8\n  found:  byte 0xff at offset 2\n  where:  a.md"),
        (
            b"a\nb\0",
            (
                "a character that no reader sees\n  wanted: text without control characters\n"
                "  found:  U+0000 CONTROL\n  where:  a.md:2"
            ),
        ),
        (
            "97 \u202e% 3".encode(),
            (
                "a character that no reader sees\n  wanted: text without control characters\n"
                "  found:  U+202E RIGHT-TO-LEFT OVERRIDE\n  where:  a.md:1"
            ),
        ),
    ],
)
def test_what_is_no_text_is_told_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_hand_text(data, where="a.md")
    assert str(caught.value) == message
