"""Read the dataset's records and turn them into training text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class Record(NamedTuple):
    """One task: what is asked, a solution, and assert statements that a solution must pass."""

    id: str
    split: str
    prompt: str
    solution: str
    tests: tuple[str, ...]


def read_records(folder: Path, split: str) -> list[Record]:
    """Return the records of one split sorted by file name; ValueError when there is none."""
    records = []
    for path in sorted(folder.glob("*.json"), key=lambda path: path.name):
        raw = json.loads(path.read_bytes())
        if raw["split"] == split:
            records.append(Record(raw["id"], split, raw["prompt"], raw["solution"], tuple(raw["tests"])))
    if not records:
        raise ValueError(f"{folder}: no record of the split {split!r}")
    return records


def question(prompt: str) -> str:
    """Return the text the model continues."""
    return prompt + "\n"
