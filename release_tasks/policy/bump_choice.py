"""Which version comes next: what was asked for, held against what contract and commits demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import get_args

from release_tasks.config.schema import Versioning
from release_tasks.errors import ConfigError
from release_tasks.policy.next_version import next_calendar_version, next_version, risen_part, rises_enough
from release_tasks.policy.version_advice import Part, Reason, demanded, part_for
from release_tasks.records.frozen_record import frozen
from release_tasks.records.version import Version, core_of, parse_version

AUTO = "auto"


@frozen
class Choice:
    """The next version; `part` is what rises, None for dates; `demanded` is set where it rises too little."""

    version: Version
    part: Part | None
    demanded: Version | None = None


def choose_version(
    wish: str,
    *,
    current: Version,
    last: Version | None,
    taken: Iterable[str],
    reasons: tuple[Reason, ...],
    rules: Versioning,
    today: dt.date,
) -> Choice:
    """Turn a wish (a part, `auto` or a version) into the next version after `last`, the last release.

    A version that is not released yet stays when it rises enough. Raises ConfigError for a wish that is none
    of these, and for a version that is not after the last release or `taken` by a tag.
    """
    if current.scheme == "calendar":
        found = Choice(version=_calendar(wish, current, last, today), part=None)
    else:
        found = _semver(wish, current, last, reasons, rules)
    _refuse_backwards(found.version, last)
    if found.version.text in set(taken):
        raise ConfigError(
            f"{found.version} is released already",
            wanted="a version that no tag bears",
            found=f"the tag of {found.version}",
            hint="name a higher version",
        )
    return found


def _refuse_backwards(version: Version, last: Version | None) -> None:
    if last is not None and not version > last:
        raise ConfigError(
            "the next version must be after the last release",
            wanted=f"a version after {last}",
            found=str(version),
        )


def _semver(
    wish: str, current: Version, last: Version | None, reasons: tuple[Reason, ...], rules: Versioning
) -> Choice:
    needed: Part = "patch" if last is None else part_for(demanded(reasons), last, rules)
    if wish == AUTO:
        if last is None or (current > last and rises_enough(last, current, needed)):
            return Choice(version=current, part=None if last is None else risen_part(last, current))
        return Choice(version=next_version(last, needed), part=needed)
    base = current if last is None else last
    version = next((next_version(base, part) for part in get_args(Part) if part == wish), None) or _named(
        wish, base
    )
    if last is None or not version > last:
        return Choice(version=version, part=None)
    low = not rises_enough(last, version, needed)
    demand = next_version(last, needed) if low else None
    return Choice(version=version, part=risen_part(last, version), demanded=demand)


def _named(wish: str, like: Version) -> Version:
    try:
        return parse_version(wish, like.scheme)
    except ConfigError as error:
        parts = "auto" if like.scheme == "calendar" else "major, minor, patch, auto"
        error.wanted = f"{parts}, or a version: {error.wanted}"
        raise


def _calendar(wish: str, current: Version, last: Version | None, today: dt.date) -> Version:
    if wish != AUTO:
        return _named(wish, current)
    if (last is None or current > last) and core_of(current)[0] == today.toordinal():
        return current
    return next_calendar_version(last, today)
