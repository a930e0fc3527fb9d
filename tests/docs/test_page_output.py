"""What a page shows is compared line by line; only digests, times, sizes and `…` stand for something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.docs.page_output import difference, line_pattern

A, B = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (f"root sha256:{A}", f"root sha256:{B}"),
        ("commit aaaaaaaaaaaa", "commit bbbbbbbbbbbb"),
        ("root sha256:abcdef12…", f"root sha256:{B}"),
        ("done    train                0.2 s", "done    train              112.5 s"),
        ("  seconds       1.1", "  seconds       75.0"),
        ("  files       23, 40974 bytes", "  files       23, 7 bytes"),
        ("at 2026-01-01T00:00:00Z", "at 2027-02-03T04:05:06Z"),
        ("under … variations", "under 14 variations"),
        ("steps      11 run, 1 up to date", "steps      9 run, 12 up to date"),
        ("gates      21 passed, 1 warned: smoke", "gates      22 passed, 1 warned: smoke"),
        ("skipped    21, not declared: bench", "skipped    22, not declared: bench"),
        (
            "files         exact: 4 match; recorded: 13 given",
            "files         exact: 5 match; recorded: 1 given",
        ),
        ("a (b) [c] . * +", "a (b) [c] . * +"),
    ],
)
def test_what_no_two_runs_have_in_common_may_differ(shown: str, printed: str) -> None:
    assert difference([shown], [printed]) is None


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (f"root sha256:{A}", f"root sha256:{B[1:]}"),
        (f"root sha256:{A}", "root sha256:"),
        ("gates      21 passed, 1 warned: smoke", "gates      21 passed, 2 warned: smoke"),
        ("wrote release.lock: 3 inputs", "wrote release.lock: 4 inputs"),
        ("done    train                0.2 s", "done    trainer              0.2 s"),
        ("a.c", "abc"),
        ("at 2026-01-01T00:00:00Z", "at noon"),
    ],
)
def test_everything_else_must_be_as_it_is_shown(shown: str, printed: str) -> None:
    assert difference([shown], [printed]) == f"shown   {shown!r}\nprinted {printed!r}"


def test_an_ellipsis_stands_for_lines() -> None:
    printed = ["one", "two", "three", "four"]
    assert difference(["…"], printed) is None
    assert difference(["…", "three", "…"], printed) is None
    assert difference(["one", "…", "four"], printed) is None
    assert difference(["one", "…"], ["one"]) is None


def test_what_is_missing_or_too_much_is_said() -> None:
    assert difference(["one", "two"], ["one"]) == "shown, not printed: 'two'"
    assert difference(["one"], ["one", "two"]) == "printed, not shown: 'two'"
    assert difference(["…", "five"], ["one", "two"]) == "shown, not printed: 'five'"


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="…"), max_size=80)))
def test_an_output_is_what_it_is(lines: list[str]) -> None:
    assert difference(lines, lines) is None


@given(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Nd"]), min_size=1, max_size=40), st.data()
)
def test_a_changed_letter_is_seen(line: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(line) - 1))
    changed = f"{line[:place]}é{line[place + 1 :]}"
    if line[place] != " ":  # before a time, spaces align
        assert line_pattern(line).fullmatch(changed) is None
