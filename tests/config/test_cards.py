"""`[cards]`: what is read, and what is refused with its key."""

from __future__ import annotations

from typing import Any

import pytest

from release_tasks.config.cards import read_cards
from release_tasks.config.fields import Problems, Table
from release_tasks.config.schema import Cards, Dataset
from release_tasks.errors import ConfigErrors

DATASET = Dataset(version="1", files=("a.json",))


def read(cards: Any, dataset: Dataset | None = DATASET) -> Cards | None:
    document = {"cards": cards}
    problems = Problems("release.toml", document)
    found = read_cards(Table(document, (), problems).table("cards"), dataset)
    problems.check()
    return found


def test_everything_is_read() -> None:
    assert read(
        {
            "model": "cards/model.md",
            "data": "cards/data.md",
            "language": ["en", "pt-BR"],
            "tags": ["code"],
            "pipeline_tag": "text-generation",
            "library_name": "numpy",
            "datasets": ["a/b"],
            "benchmark": "a/b.c",
            "templates": {"MODEL_CARD.md": "t/model.j2", "DATA_CARD.md": "t/data.j2"},
        }
    ) == Cards(
        model="cards/model.md",
        data="cards/data.md",
        language=("en", "pt-BR"),
        tags=("code",),
        pipeline_tag="text-generation",
        library_name="numpy",
        datasets=("a/b",),
        benchmark="a/b.c",
        templates=(("DATA_CARD.md", "t/data.j2"), ("MODEL_CARD.md", "t/model.j2")),
    )


def test_an_empty_table_is_the_defaults() -> None:
    assert read({}) == Cards()
    assert read_cards(None, None) is None


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ({"data": "cards/data.md"}, "a data card speaks of a dataset\n  wanted: [dataset]\n  found:  none\n  where:  release.toml: cards.data"),
        ({"language": ["English"]}, 'text refused\n  wanted: a language tag (BCP 47), as en\n  found:  string "English"\n  where:  release.toml: cards.language[0]'),
        ({"benchmark": "tiny"}, 'text refused\n  wanted: an id of the Hub, as owner/name\n  found:  string "tiny"\n  where:  release.toml: cards.benchmark'),
        ({"modell": "x"}, "unknown key\n  wanted: one of benchmark, data, datasets, language, library_name, model, pipeline_tag, tags, templates\n  found:  modell\n  where:  release.toml: cards.modell\n  hint:   did you mean model?"),
    ],
)  # fmt: skip
def test_whole_messages(cards: Any, told: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        read(cards, None)
    assert [str(problem) for problem in caught.value.problems] == [told]


def test_only_documents_have_templates() -> None:
    with pytest.raises(ConfigErrors, match=r"unknown key") as caught:
        read({"templates": {"README.md": "t"}})
    assert caught.value.problems[0].where == 'release.toml: cards.templates."README.md"'
