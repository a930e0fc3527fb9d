from __future__ import annotations

import re
import time

import pytest

from release_tasks.errors import ConfigError
from release_tasks.system.clock import format_time, now, release_date


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (315532800, "1980-01-01T00:00:00Z"),
        (951782399, "2000-02-28T23:59:59Z"),
        (253402300799, "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_written_in_utc(seconds: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert format_time(seconds) == text
    assert release_date(seconds) == text
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(seconds))
    assert release_date(1) == release_date(None) == text


def test_without_git_and_variable_there_is_no_date() -> None:
    assert release_date(None) is None


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "+1", "1.5", "1e9", "0x10", "1_000", "٣", "²", "253402300800", "9" * 5000, "now", "1\n"],
)
def test_a_bad_source_date_epoch_is_bad_configuration(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(ConfigError) as caught:
        release_date(0)
    error = caught.value
    assert error.what == "SOURCE_DATE_EPOCH is not a time"
    assert error.wanted == "whole seconds since 1970, 0 to 253402300799"
    assert error.found == ascii(text[:40])
    assert error.where == "environment variable SOURCE_DATE_EPOCH"
    assert error.hint == "unset it to use the time of the commit"


def test_leading_zeros_are_the_same_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "000000000001")
    assert release_date(None) == "1970-01-01T00:00:01Z"


def test_now_is_the_present() -> None:
    before = format_time(int(time.time()))
    found = now()
    assert before <= found <= format_time(int(time.time()) + 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found)
