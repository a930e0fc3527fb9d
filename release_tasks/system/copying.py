"""Copy files into a release: each input byte read once, hashed as it passes, flushed and read back."""

# Paths stay strings here: 100,000 Path objects cost more than the system calls.
# ruff: noqa: PTH108
from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from release_tasks.errors import IntegrityError
from release_tasks.records.frozen_record import frozen
from release_tasks.system.hashing import (
    SPLIT,
    FileDigests,
    Range,
    StreamHashes,
    available_cores,
    check_ranges,
    digest_file,
    plan_cores,
    refuse_changed,
    size_for_plan,
)
from release_tasks.system.ring import CHUNK, pump
from release_tasks.system.stat_key import stat_key
from release_tasks.system.storage import OPEN_SAFELY, open_regular, storage_errors

StrPath = str | os.PathLike[str]
OnBytes = Callable[[int], None]

_WRITEBACK = 32 << 20  # bytes; how much is written before the disk is asked to start on it
_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h: start writing the dirty pages, do not wait for them
_LANES = 4  # files under way at once: the processor works on some while the disk flushes others


def _unheard(_count: int) -> None:
    """Progress that nobody watches."""


@frozen
class CopyJob:
    """One file to copy; `ranges` as in digest_file, `mode` are the permission bits of the copy."""

    source: StrPath
    dest: StrPath
    ranges: tuple[Range, ...] = ()
    mode: int = 0o644


class _Copy:
    """The copy while it is written: hands pieces to the disk and checks each by reading it back."""

    def __init__(self, path: StrPath, mode: int, on_bytes: OnBytes = _unheard) -> None:
        self.path = path
        self._on_bytes = on_bytes
        self.size = 0
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | OPEN_SAFELY, mode)
        self._out = io.FileIO(self.fd, "wb", closefd=False)
        self._back = io.FileIO(os.open(path, os.O_RDONLY | OPEN_SAFELY), "rb")
        self._check = bytearray()
        self._started = 0
        if hasattr(os, "fchmod"):
            os.fchmod(self.fd, mode)  # the mode asked for, whatever the umask

    def write(self, piece: memoryview) -> None:
        """Write all of `piece`, which the disk may take in several bites, and compare what the file holds."""
        with storage_errors(self.path):
            rest = piece
            while rest:
                rest = rest[self._out.write(rest) :]
            self._compare(piece)
            self.size += len(piece)
            self._on_bytes(len(piece))
            if self.size - self._started >= _WRITEBACK:
                _start_writeback(self.fd, self._started, self.size - self._started)
                self._started = self.size

    def _compare(self, piece: memoryview) -> None:
        if len(self._check) != len(piece):
            self._check = bytearray(len(piece))
        view = memoryview(self._check)
        got = 0
        while got < len(piece) and (count := self._back.readinto(view[got:])):
            got += count
        view.release()
        if got != len(piece) or self._check != piece:  # memcmp: bytes-like, but never two memoryviews
            raise _torn(self.path, f"other bytes at {self.size}..{self.size + len(piece)}")

    def finish(self) -> None:
        """Wait until all of it is on the disk."""
        with storage_errors(self.path):
            os.fsync(self.fd)
            held = os.fstat(self.fd).st_size
        if held != self.size:
            raise _torn(self.path, f"{held} bytes where {self.size} were written")

    def read_cold(self, digests: FileDigests) -> None:
        """Drop the copy from the page cache (where the system can) and hash what the disk gives back."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)
        found = digest_file(self.path, sha256=False)
        if found.blake3 != digests.blake3:
            raise _torn(self.path, f"{found.blake3} where {digests.blake3} was written")

    def close(self) -> None:
        self._back.close()
        os.close(self.fd)


def _torn(path: StrPath, found: str) -> IntegrityError:
    return IntegrityError(
        "the disk did not keep what was written",
        wanted="the bytes that were written",
        found=found,
        where=os.fspath(path),
        hint="the copy was removed; check the disk and its file system, or use another one",
    )


def _find_writeback() -> Callable[[int, int, int], None]:
    """sync_file_range(2), so that the last fsync has little left to do; elsewhere fsync does it all."""
    if sys.platform == "linux":
        call = getattr(ctypes.CDLL(None, use_errno=True), "sync_file_range", None)
        if call is not None:
            call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)

            def start(fd: int, offset: int, count: int) -> None:
                call(fd, offset, count, _SYNC_FILE_RANGE_WRITE)  # a hint: fsync reports every error

            return start
    return lambda _fd, _offset, _count: None


_start_writeback = _find_writeback()


def copy_and_digest(
    source: StrPath,
    dest: StrPath,
    *,
    ranges: Sequence[Range] = (),
    mode: int = 0o644,
    follow: bool = False,
    paranoid: bool = False,
    workers: int | None = None,
    on_bytes: OnBytes = _unheard,
) -> FileDigests:
    """Copy one regular file to the new file `dest` and hash what passes: each input byte is read once.

    The copy is compared with the input piece by piece through the page cache, then flushed; `paranoid` also
    drops it from the cache and hashes it again from the disk. The folder entry is the caller's to flush
    (fsync_dir). On any failure no `dest` is left: StorageError when the system refuses (disk full, `dest`
    exists), IntegrityError when the source changed meanwhile, is no regular file or the disk lied.
    `ranges` and `follow` as in digest_file; `key` of the result is that of the source. `on_bytes` hears of
    every piece that was written, in the thread that wrote it.
    """
    cores = workers or available_cores()
    fd, status = open_regular(source, follow=follow)
    try:
        key = stat_key(status)
        check_ranges(ranges, key.size, source)
        stream = StreamHashes(sha256=True, blake3=True, ranges=ranges)
        with storage_errors(dest):
            copy = _Copy(dest, mode, on_bytes)
        try:
            began_ns = time.time_ns()
            count = _pass_through(fd, source, stream, copy, size=key.size, cores=cores)
            refuse_changed(key, stat_key(os.fstat(fd)), count, source)
            copy.finish()
            digests = stream.finish(size=count, key=key, began_ns=began_ns)
            if paranoid:
                copy.read_cold(digests)
        except BaseException:
            copy.close()
            with contextlib.suppress(OSError):
                os.unlink(dest)
            raise
        copy.close()
        return digests
    finally:
        os.close(fd)


def _pass_through(
    fd: int, source: StrPath, stream: StreamHashes, copy: _Copy, *, size: int, cores: int
) -> int:
    reader = io.FileIO(fd, "rb", closefd=False)

    def read(buffer: memoryview) -> int:
        with storage_errors(source):
            return reader.readinto(buffer)

    def hash_and_write(piece: memoryview) -> None:
        stream.update(piece)
        copy.write(piece)

    if cores > 1 and size >= SPLIT:
        beside = (stream.update_sha256, copy.write)
        return pump(read, stream.update_blake3, beside)
    return pump(read, hash_and_write, chunk=min(CHUNK, size + 1))


def copy_many(
    jobs: Sequence[CopyJob],
    *,
    follow: bool = False,
    paranoid: bool = False,
    workers: int | None = None,
    on_bytes: OnBytes = _unheard,
) -> list[FileDigests]:
    """Copy many files with copy_and_digest on all cores; the result is in the order of `jobs`.

    A file that outweighs all later ones has every core to itself; of the others several are under way, so
    that the processor works on some while the disk flushes others.
    When a copy fails, all copies made by this call are removed and the error of the first failed job in
    order is raised.
    """
    cores = workers or available_cores()
    alone, _shared = plan_cores([size_for_plan(job.source) for job in jobs], cores)
    others = sorted(set(range(len(jobs))) - set(alone))
    failed = threading.Event()

    def copy(index: int, threads: int) -> FileDigests | None:
        if failed.is_set():
            return None
        job = jobs[index]
        try:
            return copy_and_digest(
                job.source,
                job.dest,
                ranges=job.ranges,
                mode=job.mode,
                follow=follow,
                paranoid=paranoid,
                workers=threads,
                on_bytes=on_bytes,
            )
        except BaseException:
            failed.set()
            raise

    turns: dict[int, Future[FileDigests | None]] = {}
    for lanes, threads, indexes in ((1, cores, alone), (_LANES, 1, others)):
        with ThreadPoolExecutor(lanes) as pool:
            turns.update({index: pool.submit(copy, index, threads) for index in indexes})
            try:
                wait(turns.values())
            except BaseException:  # Ctrl-C: finish what is under way, start nothing more
                failed.set()
                raise
    futures = [turns[index] for index in range(len(jobs))]
    error = next((found for future in futures if (found := future.exception()) is not None), None)
    if error is None:
        return [digests for future in futures if (digests := future.result()) is not None]
    for job, future in zip(jobs, futures, strict=True):
        if future.exception() is None and future.result() is not None:
            with contextlib.suppress(OSError):
                os.unlink(job.dest)
    raise error
