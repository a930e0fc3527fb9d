from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.fetch_record import parse_fetch_record, parse_moment

_FIRST, _LAST = (datetime(year, 1, 1) for year in (1900, 2200))  # noqa: DTZ001 - hypothesis adds offsets
GOOD: dict[str, Any] = {"fetched_at": "2026-01-31T14:00:00+02:00", "status": 200, "from_cache": False}


def test_the_moment_is_told_in_utc() -> None:
    record = parse_fetch_record(json.dumps(GOOD).encode(), where="r.json")
    assert (record.moment, record.status, record.from_cache) == ("2026-01-31T12:00:00Z", 200, False)
    nothing = parse_fetch_record(json.dumps({**GOOD, "status": None}).encode(), where="r.json")
    assert nothing.status is None


@pytest.mark.parametrize(
    "bad",
    [
        {"fetched_at": "2026-01-31T14:00:00"},  # without an offset it is no moment
        {"fetched_at": "2026-01-31"},
        {"fetched_at": "2026-02-30T00:00:00Z"},
        {"fetched_at": "0001-01-01T00:00:00+14:00"},
        {"fetched_at": 1},
        {"status": True},
        {"status": "ok"},
        {"from_cache": None},
        {"more": 1},
    ],
)
def test_anything_else_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as caught:
        parse_fetch_record(json.dumps({**GOOD, **bad}).encode(), where="r.json")
    assert str(caught.value) == (
        "not the record of a fetch\n"
        '  wanted: {"fetched_at": "2026-01-31T12:00:00Z", "status": 200, "from_cache": false}\n'
        "  found:  other keys, types or a moment without its offset\n"
        "  where:  r.json"
    )


@settings(deadline=None)
@given(st.datetimes(min_value=_FIRST, max_value=_LAST), st.integers(-1439, 1439))
def test_every_moment_with_an_offset_is_read(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_moment(aware.isoformat()) == aware


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    assert parse_moment(text) is None or "T" in text.upper()
