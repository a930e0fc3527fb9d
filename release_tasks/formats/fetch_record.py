"""The record of a fetch: when a source was fetched, how that ended, and whether a cache stood in."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.frozen_record import frozen

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_WANTED = '{"fetched_at": "2026-01-31T12:00:00Z", "status": 200, "from_cache": false}'


@frozen
class FetchRecord:
    """One fetch: the moment at which the data came, the HTTP status of the last try, null without an answer.

    `from_cache`: the data are those of an earlier fetch, of which `fetched_at` speaks.
    """

    fetched_at: datetime
    status: int | None
    from_cache: bool

    @property
    def moment(self) -> str:
        """`fetched_at` in UTC, whole seconds, as 2026-01-31T12:00:00Z."""
        return self.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_moment(text: str) -> datetime | None:
    """Read a date-time of RFC 3339 with its offset, in UTC; None for anything else."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_fetch_record(data: bytes, *, where: str) -> FetchRecord:
    """Read the JSON record of a fetch; raises FormatError for any other keys, types or moments."""
    match parse_strict(data, where=where):
        case {
            "fetched_at": str() as text,
            "status": int() | None as status,
            "from_cache": bool() as from_cache,
            **rest,
        } if not rest and not isinstance(status, bool) and (moment := parse_moment(text)) is not None:
            return FetchRecord(fetched_at=moment, status=status, from_cache=from_cache)
        case _:
            raise FormatError(
                "not the record of a fetch",
                wanted=_WANTED,
                found="other keys, types or a moment without its offset",
                where=where,
            )
