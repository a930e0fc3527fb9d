"""Bytes in words, and reports that do not drown the display."""

from __future__ import annotations

import re

import pytest

from release_tasks.stages.progress import ByteProgress, human_bytes


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_550_000, "1.6 MB"),
        (4_000_000_000, "4.0 GB"),
        (9e15, "9000.0 TB"),
    ],
)
def test_bytes_have_a_decimal_unit(count: float, text: str) -> None:
    assert human_bytes(count) == text


def test_many_pieces_give_few_reports_with_a_rate() -> None:
    said: list[str] = []
    progress = ByteProgress(said.append, what="copying 2 files", total=2_000_000)
    for _ in range(1000):
        progress(1000)
    assert 1 <= len(said) < 20
    assert re.fullmatch(r"copying 2 files: [\d.]+ k?M?B of 2\.0 MB, [\d.]+ [kMGT]?B/s", said[0])
