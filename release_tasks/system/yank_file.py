"""The mark beside a release that it is yanked: read by all who hand it out, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.yank import YANK, Yank, YankEvent, yank_from_json
from release_tasks.system.disk import write_atomic
from release_tasks.system.record_file import read_record_file
from release_tasks.system.storage import storage_errors


def read_yank_history(attestations: Path) -> Yank | None:
    """All that was said about the release; None without a yank.json.

    Raises FormatError for a damaged one, and for one of another version; StorageError.
    """
    file = attestations / YANK
    if not os.path.lexists(file):
        return None
    where = f"{attestations.name}/{YANK}"
    with storage_errors(file):
        yank = yank_from_json(parse_canonical(read_record_file(file, where=where), where=where), where=where)
    if f"{yank.version}.attestations" != attestations.name:
        raise FormatError(
            "the mark of another version",
            wanted=attestations.name.removesuffix(".attestations"),
            found=yank.version,
            where=where,
            hint=f"move {YANK} to the version that it speaks of",
        )
    return yank


def read_yank(attestations: Path) -> YankEvent | None:
    """Why and since when a release is yanked; None when it is not; raises FormatError for a damaged file."""
    history = read_yank_history(attestations)
    return None if history is None else history.mark


def write_yank(attestations: Path, yank: Yank) -> None:
    """Write the whole history; raises StorageError, and then the old one stands."""
    with storage_errors(attestations):
        attestations.mkdir(exist_ok=True)
    write_atomic(attestations / YANK, dump_canonical(yank.to_json()))
