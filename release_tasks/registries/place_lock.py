"""One publication at a time at a place on a disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from release_tasks.errors import RegistryError, StorageError
from release_tasks.system.lock import FileLock


@contextmanager
def only_publication(lock: Path, place: Path) -> Iterator[None]:
    """Hold the lock file `lock`, removed afterwards; RegistryError names `place` and who is at work there."""
    held = FileLock(lock, wait=False, keep=False)
    try:
        held.__enter__()
    except StorageError as error:
        if not (error.found or "").startswith("held by"):
            raise
        raise RegistryError(
            "another publication is at work there",
            found=error.found,
            where=str(place),
            hint="wait until it has finished, then run again",
        ) from None
    try:
        yield
    finally:
        held.__exit__(None, None, None)


def require_folder(folder: Path, *, own: bool) -> None:
    """Refuse a folder that is not there with RegistryError: what should be mounted is never made by us.

    A folder of the project's `own` may be missing: it is made when it is needed.
    """
    if not folder.is_dir() and (not own or folder.exists()):
        raise RegistryError(
            "the destination is not there",
            wanted="a folder",
            found="a file" if folder.exists() else "nothing",
            where=str(folder),
            hint="make it, or mount the disk that it is on",
        )
