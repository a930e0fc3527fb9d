"""docs/reference/documents.md says what the code says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from release_tasks.config.schema import Cards
from release_tasks.records.card import CARD_SECTIONS

_TEXT = (Path(__file__).parents[2] / "docs/reference/documents.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose head begins with `heading`."""
    lines = _TEXT[_TEXT.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_key_of_cards_has_its_row() -> None:
    found = [re.sub("`", "", key) for key, _ in rows("key")]
    assert sorted(found) == sorted(field.name for field in dataclasses.fields(Cards))


def test_every_required_section_has_its_row() -> None:
    ground = {"people": ""}
    wanted = [
        [card, section.title, ground.get(section.ground, section.ground)]
        for card, sections in CARD_SECTIONS.items()
        for section in sections
    ]
    assert rows("card") == wanted
