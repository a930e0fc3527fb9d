import contextlib
import datetime as dt
import itertools
import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release_tasks.errors import ConfigError
from release_tasks.records.version import parse_version, previous_tag

# The machine is shared: time says nothing about the code here.
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
# SemVer 2.0.0, 11.2 to 11.4, lowest first.
LADDER = [
    "0.0.1",
    "0.9.9",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-11",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "9.0.0",
    "10.0.0",
]
NUMBERS = st.integers(0, 10**12).map(str)
IDENTIFIERS = st.one_of(NUMBERS, st.from_regex(r"[0-9]*[a-zA-Z-][0-9a-zA-Z-]{0,5}", fullmatch=True))
LABELS = st.lists(IDENTIFIERS, min_size=1, max_size=4).map(".".join)


@st.composite
def semvers(draw: st.DrawFn) -> str:
    text = ".".join(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    if draw(st.booleans()):
        text += "-" + draw(LABELS)
    if draw(st.booleans()):
        text += "+" + draw(st.from_regex(r"[0-9A-Za-z-]{1,5}(\.[0-9A-Za-z-]{1,5})?", fullmatch=True))
    return text


def test_ladder_of_semver_precedence() -> None:
    versions = [parse_version(text) for text in LADDER]
    assert sorted(versions) == versions
    for low, high in itertools.pairwise(versions):
        assert low < high
        assert high > low
        assert not high <= low
        assert not low >= high


def test_build_metadata_has_no_precedence_but_is_part_of_the_name() -> None:
    a, b = parse_version("1.0.0+a"), parse_version("1.0.0+b")
    assert a != b
    assert not a < b
    assert not b < a
    assert a <= b <= a


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1.0", "01.0.0", "1.00.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0+", "1.0.0+a+b", "1.0.0 ",
        "1.0.0\n", "\u0661.0.0", "not-semver", "-1.0.0", "1.0.0-ä", "1.0.0.0",
    ],
)  # fmt: skip
def test_not_semver(text: str) -> None:
    with pytest.raises(ConfigError, match="version is not SemVer") as caught:
        parse_version(text)
    assert caught.value.found == ascii(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("v1.0.0", "write 1.0.0: the tag adds the v"),
        ("1.0", "write all three numbers, as in 1.0.0"),
        ("2026.01.31_build1", 'set scheme = "calendar" in [release], or write a version like 1.0.0'),
        ("not-semver", "see https://semver.org; examples: 1.0.0, 2.1.0-rc.1, 1.0.0+gpu"),
    ],
)
def test_whole_message(text: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_version(text, where="release.toml: release.version")
    assert str(caught.value) == (
        "version is not SemVer 2.0.0\n"
        "  wanted: MAJOR.MINOR.PATCH, then -PRERELEASE or +BUILD if need be; no leading zeros\n"
        f"  found:  '{text}'\n"
        "  where:  release.toml: release.version\n"
        f"  hint:   {hint}"
    )


def test_long_version_is_refused_before_it_is_read() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_version("1.0." + "9" * 5000)
    assert str(caught.value) == (
        "version is too long\n  wanted: at most 128 characters: it names folders and tags\n"
        "  found:  5004 characters"
    )


def test_calendar() -> None:
    build2, build10, hotfix1, next_day = (
        parse_version(text, "calendar")
        for text in ("2026.01.31_build2", "2026.01.31_build10", "2026.01.31_hotfix1", "2026.02.01_build1")
    )
    assert build2 < build10 < hotfix1 < next_day
    assert build2.tag_name("corpus") == "corpus_2026.01.31_build2"


@pytest.mark.parametrize(
    "text",
    [
        "2026.1.31_build1",
        "2026.01.31",
        "2026.01.31_build0",
        "2026.01.31_build01",
        "v2026.01.31_build1",
        "1.0.0",
    ],
)
def test_not_calendar(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_version(text, "calendar")
    assert str(caught.value) == (
        "version is not a calendar version\n"
        "  wanted: YYYY.MM.DD_buildN or YYYY.MM.DD_hotfixN, N from 1\n"
        f"  found:  '{text}'\n"
        "  hint:   example: 2026.01.31_build1"
    )


@pytest.mark.parametrize("date", ["2026.02.29", "2026.13.01", "0000.01.01", "2026.04.31"])
def test_calendar_day_must_exist(date: Any) -> None:
    with pytest.raises(
        ConfigError,
        match=r"\Aversion names a day that does not exist\n  wanted: a date of the calendar as YYYY.MM.DD\n",
    ) as caught:
        parse_version(f"{date}_build1", "calendar")
    assert caught.value.found is not None
    assert caught.value.found.startswith(date)


def test_schemes_do_not_compare() -> None:
    with pytest.raises(ConfigError) as caught:
        assert parse_version("1.0.0") < parse_version("2026.01.31_build1", "calendar")
    assert str(caught.value) == (
        "two versions of different schemes have no order\n"
        "  wanted: two semver versions\n"
        "  found:  1.0.0 (semver) and 2026.01.31_build1 (calendar)"
    )


@QUICK
@given(semvers(), semvers())
def test_semver_round_trips_and_is_totally_preordered(left: str, right: str) -> None:
    a, b = parse_version(left), parse_version(right)
    assert str(a) == left
    assert a.tag_name("any") == f"v{left}"
    assert (a < b) + (b < a) + (a.precedence == b.precedence) == 1
    assert (a <= b) == (not b < a)
    assert pickle.loads(pickle.dumps(a)) == a


@QUICK
@given(semvers())
def test_a_pre_release_precedes_its_release(text: str) -> None:
    core = text.partition("+")[0].partition("-")[0]
    version = parse_version(text)
    assert (version < parse_version(core)) == version.prerelease


@QUICK
@given(st.dates(), st.sampled_from(["build", "hotfix"]), st.integers(1, 10**9))
def test_calendar_round_trips(date: dt.date, kind: str, number: int) -> None:
    text = f"{date.year:04}.{date.month:02}.{date.day:02}_{kind}{number}"
    assert parse_version(text, "calendar").text == text


@QUICK
@given(st.text(max_size=40), st.sampled_from(["semver", "calendar"]))
def test_any_text_is_a_version_or_a_config_error(text: str, scheme: Any) -> None:
    with contextlib.suppress(ConfigError):
        assert parse_version(text, scheme).text == text


@pytest.mark.parametrize(
    ("version", "tags", "previous"),
    [
        ("1.0.0", (), None),
        ("1.0.0", ("v0.9.0", "v0.10.0", "v1.0.0", "v1.0.1"), "v0.10.0"),
        ("1.0.0", ("v1.0.0-rc.1", "v0.9.9"), "v0.9.9"),
        ("1.0.0-rc.1", ("v1.0.0", "v1.0.0-beta"), "v1.0.0-beta"),
        ("1.0.0+b", ("v1.0.0+a",), None),  # neither precedes the other
        ("1.0.0", ("0.9.0", "v0.9", "V0.9.0", "vv0.9.0", "tiny@v0.9.0", "tiny_2020.01.01_build1"), None),
        (
            "2026.01.31_build2",
            ("tiny_2026.01.31_build1", "other_2026.01.31_build1", "v1.0.0"),
            "tiny_2026.01.31_build1",
        ),
        (
            "2026.01.31_hotfix1",
            ("tiny_2026.01.31_build10", "tiny_2026.02.01_build1"),
            "tiny_2026.01.31_build10",
        ),
    ],
)
def test_the_release_before_this_one(version: str, tags: tuple[str, ...], previous: str | None) -> None:
    """R12: the baseline is that of the greatest tagged version below, by precedence."""
    scheme: Any = "calendar" if "_" in version else "semver"
    assert previous_tag(tags, parse_version(version, scheme), "tiny") == previous
