"""The forms of texts in claims of strangers: moments, keys, machines, commits; another form is no claim."""

from __future__ import annotations

import re
from datetime import datetime

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MACHINE = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?", re.ASCII)
_MOST_SECONDS = 1e9  # thirty years; nothing that we time takes longer


def is_moment(text: str) -> bool:
    """Whether a text is a moment as we write one: RFC 3339 in UTC, with seconds."""
    try:
        return datetime.fromisoformat(text).strftime(_MOMENT) == text
    except ValueError:
        return False


def is_duration(seconds: float) -> bool:
    """Whether a number, and no boolean, is how long something can have taken, in seconds."""
    return not isinstance(seconds, bool) and 0 <= seconds <= _MOST_SECONDS


def is_hex64(text: str) -> bool:
    """Whether a text is 64 lower-case hex digits, as action keys and names of runs are."""
    return _HEX.fullmatch(text) is not None


def is_machine_id(text: str) -> bool:
    """Whether a text can be the id of a machine (`system.machine.machine_id`)."""
    return _MACHINE.fullmatch(text) is not None


def is_commit(text: str) -> bool:
    """Whether a text is the whole id of a commit, SHA-1 or SHA-256."""
    return _COMMIT.fullmatch(text) is not None
