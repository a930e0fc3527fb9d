"""Advisory locks between processes, that say who holds them and vanish with their holder."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from release_tasks.errors import StorageError
from release_tasks.system.storage import storage_errors

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_NOTE_BYTES = 500
_PATIENCE, _MOMENT_S = 40, 0.005
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class FileLock:
    """A lock on the file `path`, held inside a `with` block; the system releases it if the holder dies.

    Exclusive unless `shared`; waits unless `wait=False`, which raises StorageError naming the pid and command
    of the holder. On Windows every lock is exclusive (msvcrt has no shared kind), which costs only
    parallelism. The file stays unless `keep=False`, for a folder of other people: then its exclusive holder
    removes it, and who has locked a file that was removed takes the lock anew.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, shared: bool = False, wait: bool = True, keep: bool = True
    ) -> None:
        self.path = os.fspath(path)
        self.shared = shared
        self.wait = wait
        self.keep = keep
        self._fd: int | None = None

    def __enter__(self) -> Self:
        if self._fd is not None:
            raise RuntimeError(f"{self.path} is held by this very object")
        while self._fd is None:
            with storage_errors(self.path):
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            try:
                with storage_errors(self.path):
                    self._take(fd)
                    if self.keep or self._is_there(fd):
                        self._sign(fd)
                        self._fd = fd
            finally:
                if self._fd is None:
                    os.close(fd)
        return self

    def _is_there(self, fd: int) -> bool:
        """Whether the file that we have locked still bears the name: its last holder may have removed it."""
        try:
            return os.path.samestat(Path(self.path).stat(), os.fstat(fd))
        except FileNotFoundError:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            if not self.keep:
                with suppress(OSError):  # Windows removes no file that is open: there it stays
                    Path(self.path).unlink()
            _unlock(self._fd)
            os.close(self._fd)
            self._fd = None

    def _take(self, fd: int) -> None:
        try:
            _lock(fd, shared=self.shared, wait=self.wait)
        except OSError as error:
            if self.wait or error.errno not in _BUSY:
                raise
            raise StorageError(
                "another process holds the lock",
                wanted="a shared lock" if self.shared else "an exclusive lock",
                found=f"held by {_holder(fd)}",
                where=self.path,
                hint="wait until that process has finished, or stop it",
            ) from None

    def _sign(self, fd: int) -> None:
        """Say who we are, for the error of others; of several sharers the last one is named."""
        note = f"pid {os.getpid()}: {' '.join(sys.argv)}".encode("utf-8", "backslashreplace")[:_NOTE_BYTES]
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, note)
        os.ftruncate(fd, len(note))


def _holder(fd: int) -> str:
    """Read the holder's note; one who has only just taken the lock is given a moment to write it."""
    for _ in range(_PATIENCE):
        os.lseek(fd, 0, os.SEEK_SET)
        note = os.read(fd, _NOTE_BYTES)
        if note:
            return note.decode("utf-8", "replace")
        time.sleep(_MOMENT_S)
    return "a process that left no name"


if sys.platform == "win32":
    _FAR = 1 << 30  # the locked byte lies past the note, which stays readable

    def _lock(fd: int, *, shared: bool, wait: bool) -> None:
        del shared
        os.lseek(fd, _FAR, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(fd, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError as error:  # LK_LOCK gives up after ten seconds
                if not wait or error.errno not in _BUSY:
                    raise
            else:
                return

    def _unlock(fd: int) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:

    def _lock(fd: int, *, shared: bool, wait: bool) -> None:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)
