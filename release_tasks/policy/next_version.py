"""The version that follows another one (SemVer 2.0.0, 6 to 8), and whether one rises enough."""

from __future__ import annotations

import datetime as dt

from release_tasks.policy.version_advice import Part
from release_tasks.records.version import Version, core_of, parse_version


def next_version(last: Version, part: Part) -> Version:
    """The first SemVer version after `last` in which `part` has risen.

    A pre-release is followed by its release, whatever changed: nothing was stable yet.
    """
    major, minor, patch = core_of(last)
    if last.prerelease:
        return parse_version(f"{major}.{minor}.{patch}")
    match part:
        case "major":
            return parse_version(f"{major + 1}.0.0")
        case "minor":
            return parse_version(f"{major}.{minor + 1}.0")
        case "patch":
            return parse_version(f"{major}.{minor}.{patch + 1}")


def next_calendar_version(last: Version | None, today: dt.date) -> Version:
    """The next build of a day: the first, or one more than `last` where that is of the same day.

    A hotfix of a day follows all its builds, so the next is a hotfix too.
    """
    day = f"{today:%Y.%m.%d}"
    if last is None or core_of(last)[0] != today.toordinal():
        return parse_version(f"{day}_build1", "calendar")
    _, hotfix, number = core_of(last)
    return parse_version(f"{day}_{'hotfix' if hotfix else 'build'}{number + 1}", "calendar")


def risen_part(last: Version, version: Version) -> Part:
    """The part in which `version` is above `last`, of which it is a successor."""
    before, after = core_of(last), core_of(version)
    if after[0] > before[0]:
        return "major"
    return "minor" if after[1] > before[1] else "patch"


def rises_enough(last: Version, version: Version, part: Part) -> bool:
    """Whether a later version says that this much changed; after a pre-release every version does."""
    parts: tuple[Part, ...] = ("patch", "minor", "major")
    return last.prerelease or parts.index(risen_part(last, version)) >= parts.index(part)


def describe_rise(last: Version, version: Version) -> str:
    """What a version says of itself, in words."""
    return f"a {risen_part(last, version)} version after {last}"
