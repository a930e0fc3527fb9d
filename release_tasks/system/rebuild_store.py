"""The folder of rebuild records: one file each under its own digest, and outputs that no release holds.

It can be committed or shared: it names digests only, and nothing in it is believed without being checked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from release_tasks.errors import FormatError, ReleaseError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.rebuild_record import RebuildRecord, record_from_json
from release_tasks.system.disk import write_atomic
from release_tasks.system.hashing import digest_file
from release_tasks.system.storage import open_regular, storage_errors

_MOST_BYTES = 1 << 20  # of one record


@frozen
class Stored:
    """A record, and the name of its file relative to the store."""

    record: RebuildRecord
    name: str


@frozen
class RebuildStore:
    """`<folder>/<key>/<sha256 of the file>.json`, and `<folder>/outputs/<sha256>`."""

    folder: Path

    def records(self, key: str) -> tuple[tuple[Stored, ...], tuple[str, ...]]:
        """The records of an action key, sorted by name, and in words which files were refused."""
        found: list[Stored] = []
        refused: list[str] = []
        for path in sorted((self.folder / key).glob("*.json")):
            name = f"{key}/{path.name}"
            try:
                found.append(Stored(record=_read(path, key), name=name))
            except ReleaseError as error:
                refused.append(f"{name}: {error.what}")
        return tuple(found), tuple(refused)

    def add(self, record: RebuildRecord) -> str:
        """Keep a record; returns its name. Raises StorageError when the system refuses."""
        data = dump_canonical(record.to_json())
        name = f"{record.key}/{hashlib.sha256(data).hexdigest()}.json"
        path = self.folder / name
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
        return name

    def output(self, digest: Digest) -> Path | None:
        """The kept output of this digest, checked by reading it; None when there is none such."""
        path = self.folder / "outputs" / digest.hex
        return path if path.is_file() and digest_file(path, blake3=False).sha256 == digest else None

    def keep_output(self, file: Path, digest: Digest) -> None:
        """Keep an output that steps downstream may need and no release holds.

        Raises StorageError when the system refuses; then nothing is left of it.
        """
        path = self.folder / "outputs" / digest.hex
        if self.output(digest) is not None:
            return
        temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(file, temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


def _read(path: Path, key: str) -> RebuildRecord:
    fd, _ = open_regular(path)
    with os.fdopen(fd, "rb") as stream, storage_errors(path):
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise FormatError("a rebuild record that is too large", where=path.name)
    if hashlib.sha256(data).hexdigest() != path.stem:
        raise FormatError("a rebuild record whose bytes are not those that its name says", where=path.name)
    record = record_from_json(parse_canonical(data, where=path.name), where=path.name)
    if record.key != key:
        raise FormatError("a rebuild record of another action key", where=path.name)
    return record
