"""Versions of a release: SemVer 2.0.0, or a calendar date with a build or hotfix number."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Literal, assert_never

from release_tasks.errors import ConfigError
from release_tasks.records.frozen_record import frozen_positional

Scheme = Literal["semver", "calendar"]

# The expression that the FAQ of SemVer 2.0.0 suggests, with ASCII digits.
_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)
_CALENDAR = re.compile(r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})_(build|hotfix)([1-9][0-9]*)")
_MAX_CHARS = 128  # a version is a folder name; Python refuses to read integers of over 4300 digits

# One comparable shape for numbers and words: (0, n, "") sorts before (1, 0, word), as SemVer 11.4.3 wants.
_Part = tuple[int, int, str]
_Precedence = tuple[_Part, ...]


@frozen_positional
class Version:
    """A version as written; two versions of one scheme compare by precedence, of two schemes never.

    `==` compares the text, so `1.0.0+a` and `1.0.0+b` differ although neither precedes the other
    (SemVer 2.0.0, 10); `<` and `same_precedence` follow the precedence.
    """

    text: str
    scheme: Scheme
    precedence: _Precedence = field(compare=False, repr=False)
    prerelease: bool = field(default=False, compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    def __lt__(self, other: Version) -> bool:
        return self.precedence < _same_scheme(self, other).precedence

    def __le__(self, other: Version) -> bool:
        return self.precedence <= _same_scheme(self, other).precedence

    def __gt__(self, other: Version) -> bool:
        return self.precedence > _same_scheme(self, other).precedence

    def __ge__(self, other: Version) -> bool:
        return self.precedence >= _same_scheme(self, other).precedence

    def tag_name(self, name: str) -> str:
        """Name the git tag of this version of the release `name`: `v1.2.3`, or `<name>_2026.01.31_build1`."""
        match self.scheme:
            case "semver":
                return f"v{self.text}"
            case "calendar":
                return f"{name}_{self.text}"
            case _:
                assert_never(self.scheme)


def _same_scheme(ours: Version, theirs: Version) -> Version:
    if ours.scheme != theirs.scheme:
        raise ConfigError(
            "two versions of different schemes have no order",
            wanted=f"two {ours.scheme} versions",
            found=f"{ours.text} ({ours.scheme}) and {theirs.text} ({theirs.scheme})",
        )
    return theirs


def _identifier(text: str) -> _Part:
    # `isdecimal` would accept digits outside ASCII, but the grammar has let none through.
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)


def _parse_semver(text: str, where: str | None) -> Version:
    match = _SEMVER.fullmatch(text)
    if match is None:
        raise ConfigError(
            "version is not SemVer 2.0.0",
            wanted="MAJOR.MINOR.PATCH, then -PRERELEASE or +BUILD if need be; no leading zeros",
            found=ascii(text),
            where=where,
            hint=_semver_hint(text),
        )
    major, minor, patch, prerelease = match.group(1, 2, 3, 4)
    core = tuple((0, int(number), "") for number in (major, minor, patch))
    # 11.3: a pre-release precedes its release; 11.4.4: more identifiers follow fewer, as tuples do.
    tail = ((1, 0, ""),) if prerelease is None else ((0, 0, ""), *map(_identifier, prerelease.split(".")))
    return Version(text, "semver", core + tail, prerelease is not None)


def _semver_hint(text: str) -> str:
    if _CALENDAR.fullmatch(text):
        return 'set scheme = "calendar" in [release], or write a version like 1.0.0'
    if _SEMVER.fullmatch(text[1:]) and text[0] in "vV":
        return f"write {text[1:]}: the tag adds the v"
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return "write all three numbers, as in 1.0.0"
    return "see https://semver.org; examples: 1.0.0, 2.1.0-rc.1, 1.0.0+gpu"


def _parse_calendar(text: str, where: str | None) -> Version:
    match = _CALENDAR.fullmatch(text)
    if match is None:
        raise ConfigError(
            "version is not a calendar version",
            wanted="YYYY.MM.DD_buildN or YYYY.MM.DD_hotfixN, N from 1",
            found=ascii(text),
            where=where,
            hint="example: 2026.01.31_build1",
        )
    year, month, day, kind, number = match.groups()
    try:
        date = dt.date(int(year), int(month), int(day))
    except ValueError as error:
        raise ConfigError(
            "version names a day that does not exist",
            wanted="a date of the calendar as YYYY.MM.DD",
            found=f"{year}.{month}.{day}: {error}",
            where=where,
        ) from None
    # A hotfix repairs what the builds of that day released, so it follows all of them.
    return Version(
        text, "calendar", ((0, date.toordinal(), ""), (0, int(kind == "hotfix"), ""), (0, int(number), ""))
    )


def previous_tag(tags: Iterable[str], version: Version, name: str) -> str | None:
    """The tag of the last release of `name` before `version`, None without any.

    That is the greatest version that precedes it; a pre-release only where nothing else precedes, for what a
    release is compared with must be something that people use.
    """
    earlier = [
        (not found.prerelease, found.precedence, tag)
        for tag, found in release_tags(tags, version, name)
        if found < version
    ]
    return max(earlier)[2] if earlier else None


def release_tags(tags: Iterable[str], like: Version, name: str) -> Iterator[tuple[str, Version]]:
    """Yield the tags of releases of `name` in the scheme of `like`, each with its version.

    A tag that is not exactly what `Version.tag_name` makes of a version of this scheme is of something else.
    """
    prefix = like.tag_name(name).removesuffix(like.text)
    for tag in tags:
        try:
            found = parse_version(tag.removeprefix(prefix), like.scheme)
        except ConfigError:
            continue
        if found.tag_name(name) == tag:
            yield tag, found


def core_of(version: Version) -> tuple[int, int, int]:
    """MAJOR, MINOR and PATCH of a SemVer version, or day, kind and number of a calendar one."""
    first, second, third = (part[1] for part in version.precedence[:3])
    return first, second, third


def parse_version(text: str, scheme: Scheme = "semver", *, where: str | None = None) -> Version:
    """Read a version; raises ConfigError when it is not of the scheme or longer than 128 characters.

    SemVer 2.0.0 (https://semver.org) in full, with the precedence of its section 11.
    """
    if len(text) > _MAX_CHARS:
        raise ConfigError(
            "version is too long",
            wanted=f"at most {_MAX_CHARS} characters: it names folders and tags",
            found=f"{len(text)} characters",
            where=where,
        )
    match scheme:
        case "semver":
            return _parse_semver(text, where)
        case "calendar":
            return _parse_calendar(text, where)
        case _:
            assert_never(scheme)
