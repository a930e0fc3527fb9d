"""yank.json: a released version that nobody should take any more, why, and since when; nothing is deleted."""

from __future__ import annotations

from typing import Literal

from release_tasks.errors import FormatError
from release_tasks.records.claimed_text import is_moment
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

YANK = "yank.json"
SCHEMA_VERSION = 1
Act = Literal["yank", "undo"]


@frozen
class YankEvent:
    """A version was yanked, or that was undone: why, and when (RFC 3339, UTC)."""

    act: Act
    reason: str
    at: str


@frozen
class Yank:
    """All that was said about one release, oldest first; the last event counts."""

    version: str
    root: Digest
    events: tuple[YankEvent, ...]

    @property
    def mark(self) -> YankEvent | None:
        """The event by which the release is yanked now, or None."""
        last = self.events[-1]
        return last if last.act == "yank" else None

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "version": self.version,
            "root": str(self.root),
            "events": [{"act": item.act, "reason": item.reason, "at": item.at} for item in self.events],
        }


def yank_from_json(value: JSON, *, where: str) -> Yank:
    """Read the record; raises FormatError for anything but what `to_json` writes."""
    match value:
        case {
            "schema_version": 1,
            "version": str() as version,
            "root": str() as root,
            "events": [_, *_] as events,
            **rest,
        } if not rest:
            return Yank(
                version=version,
                root=parse_digest(root),
                events=tuple(_event(item, where) for item in events),
            )
        case _:
            raise _damaged(where)


def _event(value: JSON, where: str) -> YankEvent:
    match value:
        case {"act": "yank" | "undo" as act, "reason": str() as reason, "at": str() as at, **rest} if (
            not rest and is_moment(at)
        ):
            return YankEvent(act=act, reason=reason, at=at)
        case _:
            raise _damaged(where)


def _damaged(where: str) -> FormatError:
    return FormatError(
        f"{YANK} is damaged",
        wanted="schema_version 1, version, root and at least one event of act, reason and at",
        found="another shape",
        where=where,
        hint="restore it; until then the release counts as neither yanked nor good",
    )
