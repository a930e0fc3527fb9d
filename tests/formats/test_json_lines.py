from __future__ import annotations

import pytest

from release_tasks.formats.json_lines import split_lines


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\n\nb\n", [b"a", b"", b"b"]),
        (b"a\n\n", [b"a", b""]),
        ("a\r\n\u2028b\n".encode(), [b"a\r", "\u2028b".encode()]),  # a line feed alone ends a line
    ],
)
def test_lines(data: bytes, lines: list[bytes]) -> None:
    assert split_lines(data) == lines
