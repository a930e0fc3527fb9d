"""Receipts on the disk: read from beside a release, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.receipt import RECEIPTS, Receipt, receipt_from_json, receipt_name
from release_tasks.system.disk import fsync_dir, write_atomic
from release_tasks.system.record_file import read_record_file
from release_tasks.system.storage import storage_errors


def receipt_files(attestations: Path) -> tuple[Path, ...]:
    """Every file that stands for a receipt, readable or not, sorted by destination."""
    folder = attestations / RECEIPTS
    with storage_errors(folder):
        return tuple(sorted(path for path in folder.glob("*.json") if not path.name.startswith(".")))


def read_receipts(attestations: Path) -> tuple[Receipt, ...]:
    """All receipts beside a release, sorted by destination; raises FormatError for a damaged one."""
    return tuple(read_receipt_file(path) for path in receipt_files(attestations))


def read_receipt(attestations: Path, destination: str) -> Receipt | None:
    """The receipt of one destination, None where there is none; raises FormatError for a damaged one."""
    path = attestations / receipt_name(destination)
    return read_receipt_file(path) if os.path.lexists(path) else None


def read_receipt_file(path: Path) -> Receipt:
    """One receipt, which bears the name of its destination; raises FormatError, naming the file."""
    where = f"{RECEIPTS}/{path.name}"
    with storage_errors(path):
        data = read_record_file(path, where=where)
    receipt = receipt_from_json(parse_canonical(data, where=where), where=where)
    if path.name != f"{receipt.destination}.json":
        raise FormatError(
            "the receipt of another destination",
            wanted=f"that of {path.stem}",
            found=f"that of {receipt.destination}",
            where=where,
        )
    return receipt


def write_receipt(attestations: Path, receipt: Receipt) -> None:
    """Keep a receipt beside its release: from then on the version is sealed."""
    path = attestations / receipt_name(receipt.destination)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    fsync_dir(attestations)
    write_atomic(path, dump_canonical(receipt.to_json()))
