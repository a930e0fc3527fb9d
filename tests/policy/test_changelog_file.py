from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ConfigError
from release_tasks.policy.changelog_file import with_section

SECTION = "## [1.1.0] - 2026-01-31\n\nChanges since `v1.0.0`.\n\n### Fixes\n\n- count all (111111111111)\n"
OLD = """# Changelog

## Unreleased

### Features

- something of ours

## [1.0.0] - 2026-01-01

The first release.
"""


def put(text: str | None, section: str = SECTION) -> str:
    return with_section(text, section, "1.1.0", where="CHANGELOG.md")


def test_below_unreleased_and_above_the_last() -> None:
    text = put(OLD)
    mark = text.splitlines()[9]
    assert text == OLD.replace("## [1.0.0]", SECTION.replace("-31\n", f"-31\n{mark}\n") + "\n## [1.0.0]")
    assert put(text) == text


def test_a_project_without_the_file_gets_one() -> None:
    text = put(None)
    assert text.startswith(
        "# Changelog\n\nHeadings follow [Keep a Changelog](https://keepachangelog.com).\n\n## Unreleased\n\n## [1.1.0]"
    )
    assert put(text) == text


def test_another_date_is_no_change_and_other_words_replace() -> None:
    text = put(OLD)
    assert put(text, SECTION.replace("-31", "-30")) == text
    again = put(text, SECTION.replace("count all", "count everything"))
    assert "count all" not in again
    assert again.count("## [1.1.0]") == 1
    assert again.endswith("## [1.0.0] - 2026-01-01\n\nThe first release.\n")


@pytest.mark.parametrize(
    "text",
    [put(OLD).replace("count all", "count all, really"), OLD.replace("[1.0.0]", "[1.1.0]"), "## 1.1.0\n"],
)
def test_what_people_wrote_stays(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        put(text)
    lines = str(caught.value).splitlines()
    assert lines[0] == "the section of 1.1.0 was written or edited by hand"
    assert lines[1] == "  wanted: a section that release_tasks wrote, or none"
    assert lines[3].startswith("  where:  CHANGELOG.md: line ")
    assert lines[4] == "  hint:   remove the section to have it written anew, or keep it as it is"


def test_every_other_line_keeps_its_bytes() -> None:
    old = OLD.replace("something of ours", "a\x0cb\u2028c\x85d\x1ce").replace("\n", "\r\n")
    text = put(old)
    assert put(text) == text
    assert "\n" not in text.replace("\r\n", "")
    start, end = text.index("## [1.1.0]"), text.index("## [1.0.0]")
    assert text[:start] + text[end:] == old


def test_line_ends_may_change_without_an_edit() -> None:
    text = put(OLD)
    assert put(text.replace("\n", "\r\n")) == text.replace("\n", "\r\n")


def test_headings_in_code_and_in_comments_are_none() -> None:
    old = OLD.replace("- something of ours", "```\n## 1.1.0\n```\n<!--\n## [1.1.0]\n-->")
    text = put(old)
    assert text.index("-->\n\n## [1.1.0] - 2026-01-31\n<!-- written") < text.index("## [1.0.0]")


@pytest.mark.parametrize("heading", ["## v1.1.0", "## [v1.1.0] - 2026-01-01", "##  1.1.0 (soon)"])
def test_a_section_is_known_by_other_spellings(heading: str) -> None:
    with pytest.raises(ConfigError) as caught:
        put(OLD.replace("## [1.0.0] - 2026-01-01", heading))
    assert (caught.value.found, caught.value.where) == (heading, "CHANGELOG.md: line 9")


@given(st.text("# \n[]10.ab-`~<!>", max_size=60))
def test_twice_is_once_and_nothing_of_others_is_lost(text: str) -> None:
    try:
        once = put(text)
    except ConfigError:
        return
    assert put(once) == once
    kept = [line for line in text.split("\n") if line.strip()]
    rest = [line for line in once.splitlines() if line.strip()]
    for line in SECTION.splitlines():
        if line.strip():
            rest.remove(line)
    assert [line for line in rest if not line.startswith("<!-- written by")] == kept
