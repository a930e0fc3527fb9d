"""Lineage: which files each step of the user reads and writes, as release.toml declares them."""

from __future__ import annotations

from collections.abc import Iterable

from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON


@frozen
class StepFiles:
    """One step: its declared reads, files and globs, and the files that it wrote, each sorted."""

    step: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


def lineage_json(steps: Iterable[StepFiles]) -> JSON:
    """Write the lineage as plain JSON, in the order of release.toml."""
    return [
        {"step": item.step, "reads": list[JSON](item.reads), "writes": list[JSON](item.writes)}
        for item in steps
    ]


def lineage_from_json(value: JSON) -> tuple[StepFiles, ...]:
    """Read what `lineage_json` wrote; rows of any other shape say nothing and are left out."""
    found = []
    for row in value if isinstance(value, list) else ():
        match row:
            case {"step": str() as step, "reads": list() as reads, "writes": list() as writes}:
                found.append(
                    StepFiles(step=step, reads=tuple(map(str, reads)), writes=tuple(map(str, writes)))
                )
            case _:
                continue
    return tuple(found)
