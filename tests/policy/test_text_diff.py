from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy import text_diff
from release_tasks.policy.text_diff import compare_texts
from release_tasks.records.difference import TextDifference

LINES = st.lists(st.sampled_from(["a", "b", "c", "-", "+x", "@@ -1 +1 @@", ""]), max_size=30)


@given(LINES, LINES, st.integers(0, 12), st.integers(0, 12))
def test_it_is_the_unified_diff_of_the_whole_texts(
    old: list[str], new: list[str], lead: int, tail: int
) -> None:
    """Up to the choice between alignments of equal length, the heads of hunks count alike."""
    before = [*(f"l{number}" for number in range(lead)), *old, *(f"t{number}" for number in range(tail))]
    after = [*before[:lead], *new, *before[len(before) - tail :]]
    found = compare_texts("\n".join(before), "\n".join(after))
    shown = [line for line in found.lines if not line.startswith("@@ ")]
    assert sum(line.startswith("-") for line in shown) <= found.removed
    assert found.removed - found.added == len("\n".join(before).split("\n")) - len(
        "\n".join(after).split("\n")
    )
    assert (found.removed == found.added == 0) == (before == after or "\n".join(before) == "\n".join(after))


def test_line_numbers_are_those_of_the_whole_text() -> None:
    before = [str(number) for number in range(100)]
    after = [*before[:50], "new", *before[51:]]
    want = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    assert compare_texts("\n".join(before), "\n".join(after)) == TextDifference(
        removed=1, added=1, lines=tuple(want)
    )
    assert want[0] == "@@ -48,7 +48,7 @@"


def test_it_is_bounded() -> None:
    found = compare_texts("\n".join(["x"] * 100), "\n".join(["y" * 300] * 100))
    assert (found.removed, found.added, len(found.lines)) == (100, 100, text_diff.SHOWN)
    assert compare_texts("", "y" * 300).lines[-1] == f"+{'y' * 199}…"


def test_what_is_too_long_to_align_counts_as_replaced() -> None:
    old, new = [f"a{n}" for n in range(2500)], [f"b{n}" for n in range(2400)]
    found = compare_texts("\n".join(["same", *old]), "\n".join(["same", *new]))
    assert (found.removed, found.added, found.aligned) == (2500, 2400, False)
    assert found.lines[:2] == ("@@ -2,2500 +2,2400 @@", "-a0")
    assert len(found.lines) == text_diff.SHOWN
