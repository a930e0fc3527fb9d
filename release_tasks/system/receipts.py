"""Receipts on the disk: read from beside a release, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.receipt import RECEIPTS, Receipt, receipt_from_json, receipt_name
from release_tasks.system.disk import fsync_dir, write_atomic
from release_tasks.system.storage import storage_errors


def read_receipts(attestations: Path) -> tuple[Receipt, ...]:
    """All receipts beside a release, sorted by destination; raises FormatError for a damaged one."""
    folder = attestations / RECEIPTS
    if not folder.is_dir():
        return ()
    with storage_errors(folder):
        return tuple(_read(path) for path in sorted(folder.glob("*.json")) if not path.name.startswith("."))


def read_receipt(attestations: Path, destination: str) -> Receipt | None:
    """The receipt of one destination, None where there is none; raises FormatError for a damaged one."""
    path = attestations / receipt_name(destination)
    with storage_errors(path):
        return _read(path) if path.is_file() else None


def _read(path: Path) -> Receipt:
    return receipt_from_json(parse_canonical(path.read_bytes(), where=path.name), where=path.name)


def write_receipt(attestations: Path, receipt: Receipt) -> None:
    """Keep a receipt beside its release: from then on the version is sealed."""
    path = attestations / receipt_name(receipt.destination)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    fsync_dir(attestations)
    write_atomic(path, dump_canonical(receipt.to_json()))
