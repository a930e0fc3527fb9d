"""docs/reference/verdict.md says what the code does: every key, status, profile and row is in it, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from release_tasks.policy.acceptance import ALL_PASSED
from release_tasks.policy.profiles import PROFILES
from release_tasks.records.verdict import STATUSES
from release_tasks.stages.own_schema import schema_bytes

PAGE = (Path(__file__).parents[2] / "docs/reference/verdict.md").read_text("utf-8")


def first_column(heading: str) -> list[str]:
    """The first cells of the table whose head begins with `heading`."""
    rows = PAGE[PAGE.index(f"| {heading} |") :].splitlines()
    return [
        cell.strip("` ")
        for row in rows[2 : rows.index("", 2)]
        for cell in re.match(r"\| (.*?) \|", row).groups()  # type: ignore[union-attr]
    ]


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("key", set(json.loads(schema_bytes("trust-payload"))["properties"])),
        ("status", set(STATUSES)),
        ("profile", set(PROFILES)),
        (
            "row",
            set(
                json.loads(schema_bytes("acceptance"))["properties"]["table"]["items"]["properties"]["row"][
                    "enum"
                ]
            ),
        ),
    ],
)
def test_the_tables_are_complete(heading: str, names: set[str]) -> None:
    found = first_column(heading)
    assert set(found) == names
    assert len(found) == len(names)


def test_profiles_are_strict_as_the_page_says() -> None:
    for name, rules in PROFILES.items():
        assert f"| `{name}` | {'yes' if rules.strict else 'no'} |" in PAGE


def test_the_page_names_the_one_line() -> None:
    assert f"`{ALL_PASSED}`" in PAGE
