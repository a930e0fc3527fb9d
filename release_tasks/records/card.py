"""What a model card and a data card must say, section by section, and who says it."""

from __future__ import annotations

from typing import Literal

from release_tasks.records.frozen_record import frozen, frozen_positional

CardName = Literal["model", "data"]
# What of release.toml lets us write a section ourselves; "people" is nothing of it.
Ground = Literal["always", "dataset", "categories", "sources", "measured", "checked", "license", "people"]


@frozen_positional
class CardSection:
    """A required section: its heading, and the ground on which it is not empty without words of people."""

    title: str
    ground: Ground = "people"


CARD_SECTIONS: dict[CardName, tuple[CardSection, ...]] = {
    "model": (
        CardSection("Overview"),
        CardSection("Intended use"),
        CardSection("Architecture", "always"),
        CardSection("Training data", "dataset"),
        CardSection("Performance", "measured"),
        CardSection("Limitations"),
        CardSection("Ethical considerations"),
        CardSection("Evaluation and tests", "checked"),
        CardSection("Deployment"),
        CardSection("Maintenance"),
        CardSection("Licences", "license"),
        CardSection("Citation"),
    ),
    "data": (
        CardSection("Overview"),
        CardSection("Categories", "categories"),
        CardSection("Composition", "always"),
        CardSection("Quality and validation", "always"),
        CardSection("Technical specification", "always"),
        CardSection("Uses"),
        CardSection("Sources and attribution", "sources"),
        CardSection("Ethical considerations"),
        CardSection("Licensing", "license"),
        CardSection("Version history", "always"),
        CardSection("Contact"),
        CardSection("Lineage", "always"),
    ),
}


@frozen
class CardFlaw:
    """What is wrong with a text of people: which rule, where (lines from 1), what was wanted and found."""

    rule: Literal["section", "number", "call"]
    source: str
    line: int
    wanted: str
    found: str
