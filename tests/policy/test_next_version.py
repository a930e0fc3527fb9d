from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.next_version import next_calendar_version, next_version, risen_part, rises_enough
from release_tasks.records.version import parse_version

NUMBERS = st.integers(0, 10**6)
PARTS = st.sampled_from(["major", "minor", "patch"])


@pytest.mark.parametrize(
    ("last", "part", "wanted"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("9.9.9+build", "minor", "9.10.0"),
        ("1.2.3-rc.1", "patch", "1.2.3"),
        ("2.0.0-rc.1", "major", "2.0.0"),
    ],
)
def test_next(last: str, part: Any, wanted: str) -> None:
    assert next_version(parse_version(last), part).text == wanted


@given(NUMBERS, NUMBERS, NUMBERS, PARTS)
def test_the_next_version_is_later_and_rises_just_enough(
    major: int, minor: int, patch: int, part: Any
) -> None:
    last = parse_version(f"{major}.{minor}.{patch}")
    found = next_version(last, part)
    assert found > last
    assert risen_part(last, found) == part
    assert rises_enough(last, found, part)
    if part != "major":
        assert not rises_enough(last, found, "major")


def test_after_a_pre_release_every_version_rises_enough() -> None:
    assert rises_enough(parse_version("1.0.0-rc.1"), parse_version("1.0.0"), "major")
    assert rises_enough(parse_version("1.0.0"), parse_version("2.0.0-rc.1"), "major")


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        (None, "2026.02.28_build1"),
        ("2026.02.27_build9", "2026.02.28_build1"),
        ("2026.02.28_build9", "2026.02.28_build10"),
        ("2026.02.28_hotfix1", "2026.02.28_hotfix2"),
    ],
)
def test_the_next_build_of_a_day(last: str | None, wanted: str) -> None:
    before = None if last is None else parse_version(last, "calendar")
    assert next_calendar_version(before, dt.date(2026, 2, 28)).text == wanted
