"""What a rollback would move: `current` at each destination to an earlier version, and nothing else (R23)."""

from __future__ import annotations

from collections.abc import Sequence

from release_tasks.errors import GateRefused
from release_tasks.records.frozen_record import frozen
from release_tasks.records.receipt import AliasMove

CURRENT = "current"


@frozen
class Target:
    """The version that is to be current, as far as this project knows it.

    `yanked` is the reason of its yank mark; `experimental` that there is only an experiment of this version.
    """

    version: str
    yanked: str | None
    experimental: bool


@frozen
class RollbackRow:
    """One destination: the alias that is `current` there, and its move, None where it is there already."""

    destination: str
    alias: str
    move: AliasMove | None


def refuse_target(target: Target) -> None:
    """Raise GateRefused for a version that nobody should be led to."""
    if target.yanked is not None:
        raise GateRefused(
            f"{target.version} is yanked",
            wanted="a version that may be handed out",
            found=f"yanked: {target.yanked}",
            hint=f"choose another version; 'doit yank {target.version} --undo' takes the mark away",
        )
    if target.experimental:
        raise GateRefused(
            f"{target.version} is an experiment", wanted="a published release", found="type experimental"
        )


def plan_rollback(version: str, pointers: Sequence[tuple[str, str, str | None]]) -> tuple[RollbackRow, ...]:
    """Plan from (destination, alias that is current there, where it is); sorted by destination."""
    return tuple(
        RollbackRow(
            destination=destination,
            alias=alias,
            move=None if now == version else AliasMove(alias=alias, before=now, version=version),
        )
        for destination, alias, now in sorted(pointers)
    )
