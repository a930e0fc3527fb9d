from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.parse import parse_release
from release_tasks.config.schema import Dataset, Source
from release_tasks.errors import ConfigErrors

BASE: dict[str, Any] = {"version": "1.0.0", "files": ["data/*.json"]}
WHOLE: dict[str, Any] = {
    **BASE,
    "records": ["data/*.json"],
    "schema": "schema.json",
    "id": "id",
    "weight": "w",
    "text": ["story.text"],
    "category": "sex",
    "categories": ["f", "m"],
    "language": "ro",
    "min_chars": 1,
    "max_chars": 9,
    "pronouns": "sex",
    "mock": "mock",
    "provenance": "from",
    "critical": ["age"],
    "supercritical": ["sex"],
    "ethnocultural": ["faith"],
    "targets": "targets.json",
    "holdout": ["data/test-*.json"],
    "split": "split",
    "holdout_splits": ["test"],
    "version_field": "meta.version",
    "folder": "data",
    "sources": [{"name": "census", "record": "census.json"}],
}


def parsed(table: dict[str, Any]) -> Any:
    artifacts = {"model": "m.safetensors", "tokenizer": "t.json", "config": "c.json"}
    document = {
        "schema": 1,
        "release": {"name": "a", "version": "1.0.0"},
        "artifacts": artifacts,
        "dataset": table,
    }
    return parse_release(document, root=Path("/p"), file=Path("/p/release.toml"), environ={}).dataset


def test_every_key_is_read() -> None:
    wanted = {key: tuple(value) if isinstance(value, list) else value for key, value in WHOLE.items()}
    wanted["sources"] = (Source(name="census", record="census.json"),)
    assert parsed(WHOLE) == Dataset(**wanted)
    assert set(WHOLE) == set(Dataset.__dataclass_fields__)
    assert parsed(BASE) == Dataset(version="1.0.0", files=("data/*.json",))


@pytest.mark.parametrize(
    ("key", "needed"),
    [
        ("categories", "category"),
        ("min_chars", "text"),
        ("max_chars", "text"),
        ("language", "text"),
        ("pronouns", "text"),
        ("mock", "text"),
        ("critical", "provenance"),
        ("supercritical", "provenance"),
        ("ethnocultural", "provenance"),
        ("split", "holdout_splits"),
        ("holdout_splits", "split"),
    ],
)
def test_a_key_that_would_measure_nothing_is_refused(key: str, needed: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parsed({**BASE, key: WHOLE[key]})
    (problem,) = caught.value.problems
    assert str(problem) == (
        f"{key} measures nothing without {needed}\n"
        f"  where: release.toml: dataset.{key}\n"
        f"  hint:  declare dataset.{needed}, or remove dataset.{key}"
    )


def test_a_language_without_a_profile_is_refused() -> None:
    with pytest.raises(ConfigErrors) as caught:
        parsed({**WHOLE, "language": "rom"})
    assert str(caught.value.problems[0]) == (
        "value refused\n"
        "  wanted: one of de, en, es, fr, ro, ru\n"
        '  found:  string "rom"\n'
        "  where:  release.toml: dataset.language\n"
        "  hint:   did you mean ro?"
    )
