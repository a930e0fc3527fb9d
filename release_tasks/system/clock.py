"""The clock, and the date of a release, which is never the clock's."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from release_tasks.errors import ConfigError

EPOCH = "SOURCE_DATE_EPOCH"  # reproducible-builds.org/specs/source-date-epoch
_LAST = 253402300799  # 9999-12-31T23:59:59Z


def is_epoch(text: str) -> bool:
    """Whether a text is what SOURCE_DATE_EPOCH may be: whole seconds since 1970, up to the year 9999."""
    return text.isascii() and text.isdigit() and len(text) <= len(str(_LAST)) and int(text) <= _LAST


def now() -> str:
    """The present moment, RFC 3339 in UTC with seconds; only for recorded and attested files."""
    return format_time(int(time.time()))


def format_time(seconds: int) -> str:
    """Write seconds since 1970 as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def release_date(commit_time: int | None) -> str | None:
    """The date of a release: SOURCE_DATE_EPOCH, else the commit's time in seconds, else None (design §5).

    Raises ConfigError when SOURCE_DATE_EPOCH is not a number of seconds up to the year 9999
    (reproducible-builds.org/specs/source-date-epoch).
    """
    text = os.environ.get(EPOCH)
    if text is not None:
        if not is_epoch(text):
            raise ConfigError(
                "SOURCE_DATE_EPOCH is not a time",
                wanted=f"whole seconds since 1970, 0 to {_LAST}",
                found=ascii(text[:40]),
                where="environment variable SOURCE_DATE_EPOCH",
                hint="unset it to use the time of the commit",
            )
        return format_time(int(text))
    return None if commit_time is None else format_time(commit_time)
