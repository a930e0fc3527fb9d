from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from release_tasks.config.schema import Versioning
from release_tasks.errors import ConfigError
from release_tasks.policy.bump_choice import choose_version
from release_tasks.policy.version_advice import Reason
from release_tasks.records.version import Scheme, parse_version

TODAY = dt.date(2026, 2, 28)
BREAKING = (Reason("breaking", "tokenizer", "another"),)
FEATURE = (Reason("feature", "weights", "others"),)


def choose(
    wish: str,
    current: str,
    last: str | None,
    reasons: tuple[Reason, ...] = (),
    *,
    scheme: Scheme = "semver",
    taken: Any = (),
) -> tuple[str, str | None, str | None]:
    found = choose_version(
        wish,
        current=parse_version(current, scheme),
        last=None if last is None else parse_version(last, scheme),
        taken=taken,
        reasons=reasons,
        rules=Versioning(),
        today=TODAY,
    )
    return found.version.text, found.part, None if found.demanded is None else found.demanded.text


@pytest.mark.parametrize(
    ("wish", "current", "last", "reasons", "wanted"),
    [
        ("auto", "1.0.0", "1.0.0", BREAKING, ("2.0.0", "major", None)),
        ("auto", "1.0.0", "1.0.0", FEATURE, ("1.1.0", "minor", None)),
        ("auto", "1.0.0", "1.0.0", (), ("1.0.1", "patch", None)),
        ("auto", "1.0.1", "1.0.0", FEATURE, ("1.1.0", "minor", None)),  # not released: too low, so raised
        ("auto", "2.0.0", "1.0.0", FEATURE, ("2.0.0", "major", None)),  # high enough: it stays
        ("auto", "0.1.0", None, (), ("0.1.0", None, None)),  # the first release
        ("minor", "0.1.0", None, (), ("0.2.0", None, None)),
        ("minor", "1.0.1", "1.0.0", (), ("1.1.0", "minor", None)),  # of the last release: twice is once
        ("patch", "1.0.0", "1.0.0", BREAKING, ("1.0.1", "patch", "2.0.0")),
        ("1.5.0-rc.1", "1.0.0", "1.0.0", FEATURE, ("1.5.0-rc.1", "minor", None)),
    ],
)
def test_semver(wish: str, current: str, last: str | None, reasons: Any, wanted: object) -> None:
    assert choose(wish, current, last, reasons) == wanted


@pytest.mark.parametrize(
    ("wish", "current", "last", "wanted"),
    [
        ("auto", "2026.02.27_build1", "2026.02.27_build1", "2026.02.28_build1"),
        ("auto", "2026.02.28_build1", "2026.02.28_build1", "2026.02.28_build2"),
        ("auto", "2026.02.28_build7", "2026.02.27_build1", "2026.02.28_build7"),
        ("auto", "2026.02.20_build7", None, "2026.02.28_build1"),
        ("2026.02.28_hotfix1", "2026.02.28_build1", "2026.02.28_build1", "2026.02.28_hotfix1"),
    ],
)
def test_calendar(wish: str, current: str, last: str | None, wanted: str) -> None:
    assert choose(wish, current, last, BREAKING, scheme="calendar") == (wanted, None, None)


def refused(*args: Any, **values: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        choose(*args, **values)
    return str(caught.value)


def test_whole_messages() -> None:
    assert refused("huge", "1.0.0", "1.0.0") == (
        "version is not SemVer 2.0.0\n"
        "  wanted: major, minor, patch, auto, or a version: MAJOR.MINOR.PATCH, then -PRERELEASE or +BUILD if need be;"
        " no leading zeros\n"
        "  found:  'huge'\n"
        "  hint:   see https://semver.org; examples: 1.0.0, 2.1.0-rc.1, 1.0.0+gpu"
    )
    assert refused("minor", "2026.02.27_build1", None, scheme="calendar").splitlines()[1] == (
        "  wanted: auto, or a version: YYYY.MM.DD_buildN or YYYY.MM.DD_hotfixN, N from 1"
    )
    assert refused("1.0.0", "1.0.0", "1.0.0") == (
        "the next version must be after the last release\n  wanted: a version after 1.0.0\n  found:  1.0.0"
    )
    assert refused("auto", "2026.03.01_build1", "2026.03.01_build1", scheme="calendar").splitlines() == [
        "the next version must be after the last release",
        "  wanted: a version after 2026.03.01_build1",
        "  found:  2026.02.28_build1",
    ]
    assert refused("2.0.0", "1.0.0", "1.0.0", taken=["2.0.0"]) == (
        "2.0.0 is released already\n"
        "  wanted: a version that no tag bears\n"
        "  found:  the tag of 2.0.0\n"
        "  hint:   name a higher version"
    )
