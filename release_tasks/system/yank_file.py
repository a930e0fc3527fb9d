"""The mark beside a release that it is yanked: read by all who hand it out, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.release_contents import MAX_RECORD_BYTES
from release_tasks.records.yank import YANK, Yank, YankEvent, yank_from_json
from release_tasks.system.disk import write_atomic


def read_yank_history(attestations: Path) -> Yank | None:
    """All that was said about the release; None without a yank.json; raises FormatError for a damaged one."""
    file = attestations / YANK
    if not file.exists():
        return None
    where = f"{attestations.name}/{YANK}"
    if file.stat().st_size > MAX_RECORD_BYTES:
        raise FormatError(f"{YANK} is too large", found=f"more than {MAX_RECORD_BYTES} bytes", where=where)
    return yank_from_json(parse_canonical(file.read_bytes(), where=where), where=where)


def read_yank(attestations: Path) -> YankEvent | None:
    """Why and since when a release is yanked; None when it is not; raises FormatError for a damaged file."""
    history = read_yank_history(attestations)
    return None if history is None else history.mark


def write_yank(attestations: Path, yank: Yank) -> None:
    """Write the whole history; raises StorageError, and then the old one stands."""
    attestations.mkdir(exist_ok=True)
    write_atomic(attestations / YANK, dump_canonical(yank.to_json()))
