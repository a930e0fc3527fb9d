"""A dataset of which everything can be measured, and a project that releases with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fakes.small_project import SmallProject, small_project

STORY = "{name} lives in the town by the river, and she works at the mill that is on the hill near it, number {n}."
TABLE = """[dataset]
version = "1.0.0"
files = ["data/*.jsonl", "data/schema.json"]
folder = "data"
schema = "data/schema.json"
id = "id"
weight = "weight"
text = ["story"]
language = "en"
min_chars = 10
max_chars = 400
pronouns = "sex"
mock = "mock"
category = "region"
categories = ["north", "south"]
provenance = "from"
critical = ["age"]
supercritical = ["sex"]
ethnocultural = ["faith"]
targets = "targets.json"
split = "split"
holdout_splits = ["test"]
version_field = "version"
[[dataset.sources]]
name = "census"
record = "census.json"
"""
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "story", "weight"],
    "properties": {"id": {"type": "integer"}, "story": {"type": "string"}, "weight": {"type": "number"}},
}
TARGETS: dict[str, Any] = {
    "converged": True,
    "marginals": {"sex": {"provenance": "real", "shares": {"f": 1.0}}},
}
FETCH: dict[str, Any] = {"fetched_at": "2026-01-31T12:00:00Z", "status": 200, "from_cache": False}
NAMES = ("Ada", "Eve", "Ioana", "Maria", "Zoe", "Ana", "Vera", "Lia", "Dana", "Nina")


def record(n: int, **changed: Any) -> dict[str, Any]:
    """One sound record; every third word of its story is its own."""
    own = " ".join(f"word{n}x{k} and" for k in range(6))
    return {
        "id": n,
        "version": "1.0.0",
        "story": STORY.format(name=NAMES[n % len(NAMES)], n=n) + f" The {own} that is it.",
        "weight": 1,
        "sex": "f",
        "region": ("north", "south")[n % 2],
        "mock": False,
        "split": "test" if n % 10 == 9 else "train",
        "from": {"age": "real", "sex": "real", "faith": "real"},
        **changed,
    }


def lines(records: list[dict[str, Any]]) -> bytes:
    """Records as JSON Lines."""
    return b"".join(json.dumps(item).encode() + b"\n" for item in records)


def dataset_files(records: list[dict[str, Any]]) -> dict[str, bytes]:
    """The files that TABLE names: the records in two files."""
    half = len(records) // 2
    return {
        "data/a.jsonl": lines(records[:half]),
        "data/b.jsonl": lines(records[half:]),
        "data/schema.json": json.dumps(SCHEMA).encode(),
        "targets.json": json.dumps(TARGETS).encode(),
        "census.json": json.dumps(FETCH).encode(),
    }


def dataset_project(
    root: Path, *, records: list[dict[str, Any]] | None = None, **files: bytes
) -> SmallProject:
    """A project with the dataset of 100 sound records, or of others; `files` replace files, __ for a slash."""
    made = dataset_files(records if records is not None else [record(n) for n in range(100)])
    replaced = {name.replace("__", "/").replace("_json", ".json"): data for name, data in files.items()}
    return small_project(root, more=TABLE, files={**made, **replaced})
