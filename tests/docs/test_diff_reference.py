"""docs/reference/diff.md says what the code says: limits, options, and the lines that a real diff printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.engine.diff_command import Diff
from release_tasks.policy import release_diff_text, tensor_table, text_diff
from release_tasks.system.compare_files import MAX_TEXT_BYTES

_ROOT = Path(__file__).parents[2]
_TEXT = (_ROOT / "docs/reference/diff.md").read_text("utf-8")
_BLACK_BOX = (_ROOT / "tests/blackbox/test_695_diff.py").read_text("utf-8")


@pytest.mark.parametrize("option", [option["long"] for option in Diff.cmd_options])
def test_every_option_is_there(option: str) -> None:
    assert f"`--{option}" in _TEXT


@pytest.mark.parametrize(
    "text",
    [
        f"Tables show {release_diff_text.SHOWN} rows, a list {release_diff_text._TOKENS} names",
        f"UTF-8 text to {MAX_TEXT_BYTES >> 20} MiB",
        f"the first {text_diff.SHOWN} lines of a unified diff",
        f"| {' | '.join(tensor_table.HEAD)} |",
    ],
)
def test_the_numbers_are_those_of_the_code(text: str) -> None:
    assert text in _TEXT


def test_the_report_is_the_one_that_the_black_box_test_reads() -> None:
    report = _TEXT.split("```")[3]
    lines = [line for line in report.splitlines() if line.startswith(("- 1", "| `", "`"))]
    assert len(lines) == 9
    assert [line for line in lines if line not in _BLACK_BOX] == []
