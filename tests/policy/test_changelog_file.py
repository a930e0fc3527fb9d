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


@given(st.text("# \n[]10.ab-", max_size=60))
def test_twice_is_once_and_nothing_of_others_is_lost(text: str) -> None:
    try:
        once = put(text)
    except ConfigError:
        return
    assert put(once) == once
    kept = [line for line in text.splitlines() if line.strip()]
    rest = [line for line in once.splitlines() if line.strip()]
    for line in SECTION.splitlines():
        if line.strip():
            rest.remove(line)
    assert [line for line in rest if not line.startswith("<!-- written by")] == kept
