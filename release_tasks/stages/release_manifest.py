"""The manifest of a release directory, for whoever reads it without verifying the files."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import ConfigError, IntegrityError
from release_tasks.policy.release_check import read_manifest
from release_tasks.records.manifest import MANIFEST, Manifest
from release_tasks.system.storage import storage_errors


def read_release_manifest(folder: Path) -> Manifest:
    """Read the manifest of a release directory.

    Raises ConfigError when there is no such release, IntegrityError for a manifest that is malformed,
    StorageError when the system refuses. Nothing is verified: `verify` does that.
    """
    if not (folder / MANIFEST).is_file():
        raise ConfigError(
            "no such release",
            wanted=f"a release directory, with its {MANIFEST}",
            found="none",
            where=str(folder),
        )
    with storage_errors(folder):
        manifest, problems = read_manifest({MANIFEST: (folder / MANIFEST).read_bytes()})
    if manifest is None:
        (first, *_) = problems
        raise IntegrityError(
            "the manifest cannot be read",
            wanted=first.wanted,
            found=first.found,
            where=str(folder / MANIFEST),
        )
    return manifest
