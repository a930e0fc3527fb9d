"""How far a publication came, kept beside the release: a hint for the next run, never a proof.

What is at a destination is told by the digests of what it gives back; the journal only says whose work it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.system.disk import fsync_dir, write_atomic
from release_tasks.system.storage import storage_errors

JOURNAL = "journal"
Step = Literal["staging", "verifying", "finishing", "aliases", "done"]


@frozen
class Entry:
    """The step that was begun last, of the publication of one root to one URI."""

    step: Step
    uri: str
    root: Digest


class Journal:
    """The journal of one version and destination."""

    def __init__(self, attestations: Path, destination: str) -> None:
        self._attestations = attestations
        self._path = attestations / JOURNAL / f"{destination}.json"

    def read(self) -> Entry | None:
        """What an earlier run wrote; None for nothing, and for what cannot be read: it is but a hint."""
        with storage_errors(self._path):
            data = self._path.read_bytes() if self._path.is_file() else b""
        try:
            match parse_canonical(data, where=self._path.name):
                case {
                    "schema_version": 1,
                    "step": str() as step,
                    "uri": str() as uri,
                    "root": str() as root,
                } if step in get_args(Step):
                    found: Step = next(name for name in get_args(Step) if name == step)
                    return Entry(step=found, uri=uri, root=Digest("sha256", root.removeprefix("sha256:")))
        except FormatError:
            pass
        return None

    def write(self, entry: Entry) -> None:
        """Keep that a step begins."""
        with storage_errors(self._path):
            self._path.parent.mkdir(exist_ok=True)
        fsync_dir(self._attestations)
        row = {"schema_version": 1, "step": entry.step, "uri": entry.uri, "root": str(entry.root)}
        write_atomic(self._path, dump_canonical({**row}))
