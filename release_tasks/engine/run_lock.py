"""The lock of a project: one command at a time builds or seals, and first tidies up after killed ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from release_tasks.errors import StorageError
from release_tasks.stages.leftovers import remove_leftovers
from release_tasks.stages.workspace import STATE
from release_tasks.system.lock import FileLock
from release_tasks.system.rename import recover
from release_tasks.system.storage import storage_errors


@contextlib.contextmanager
def run_lock(root: Path) -> Iterator[None]:
    """Hold the project's lock; raises StorageError, naming the process, while another command has it."""
    with storage_errors(root / STATE):
        (root / STATE).mkdir(exist_ok=True)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(FileLock(root / STATE / "run.lock", wait=False))
        except StorageError as error:
            if not (error.found or "").startswith("held by"):
                raise
            raise StorageError(
                "another run is at work in this project",
                found=error.found,
                where=str(root),
                hint="wait until it has finished, or stop it",
            ) from None
        yield


def tidy(root: Path, home: str) -> None:
    """Finish or remove what a killed command left below the releases of `home`; only under the lock."""
    if (root / home).is_dir():
        recover(root / home)
    remove_leftovers(root)
