"""SHA-256, BLAKE3 and per-range BLAKE3 of files, every byte read once, on all cores, in constant memory."""

# Paths stay strings here: 100,000 Path objects cost more than the system calls.
# ruff: noqa: PTH116
from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from queue import Empty, SimpleQueue

from blake3 import blake3 as new_blake3

from release_tasks.errors import IntegrityError
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.system.ring import CHUNK, pump
from release_tasks.system.stat_key import StatKey, is_racy, stat_key
from release_tasks.system.storage import not_regular, open_regular, storage_error

SMALL = 256 << 10  # bytes; below this one read of the whole file beats any pipeline
SPLIT = 16 << 20  # bytes; above this one file alone is worth more than one thread
_SPLIT_CHUNK = 4 << 20  # bytes; fewer changes of hands between the two threads
_FLUSH_ALL = 64  # files; for as many, one flush of everything is cheaper than one for each
_WIDE_CHUNK = 8 << 20  # bytes; BLAKE3 with several threads wants large updates

Range = tuple[int, int]
Source = str | os.PathLike[str] | int


@frozen
class FileDigests:
    """What one pass over one file gave; `ranges` has one BLAKE3 per asked range, in the order asked.

    `key` and `began_ns` (time.time_ns just before the first read) are for the digest index and are not
    compared: two files with the same bytes have equal FileDigests.
    """

    size: int
    sha256: Digest | None
    blake3: Digest | None
    ranges: tuple[Digest, ...] = ()
    key: StatKey = field(compare=False)
    began_ns: int = field(compare=False)


class StreamHashes:
    """The running hashes of one file that is fed in order, in pieces of any length."""

    def __init__(self, *, sha256: bool, blake3: bool, ranges: Sequence[Range] = (), threads: int = 1) -> None:
        self._sha256 = hashlib.sha256() if sha256 else None
        self._blake3 = new_blake3(max_threads=threads) if blake3 else None
        self._ranges = _RangeHashes(ranges) if ranges else None

    def update_sha256(self, piece: memoryview) -> None:
        """Feed the SHA-256 alone (it has a thread of its own when the file is large)."""
        if self._sha256 is not None:
            self._sha256.update(piece)

    def update_blake3(self, piece: memoryview) -> None:
        """Feed the BLAKE3 of the file and of the ranges."""
        if self._blake3 is not None:
            self._blake3.update(piece)
        if self._ranges is not None:
            self._ranges.update(piece)

    def update(self, piece: memoryview) -> None:
        """Feed everything."""
        self.update_sha256(piece)
        self.update_blake3(piece)

    def finish(self, *, size: int, key: StatKey, began_ns: int) -> FileDigests:
        """The digests of what was fed; `size` is the number of bytes fed."""
        return FileDigests(
            size=size,
            sha256=None if self._sha256 is None else Digest("sha256", self._sha256.hexdigest()),
            blake3=None if self._blake3 is None else Digest("blake3", self._blake3.hexdigest()),
            ranges=() if self._ranges is None else self._ranges.finish(),
            key=key,
            began_ns=began_ns,
        )


class _RangeHashes:
    """BLAKE3 of byte ranges that do not overlap, fed with the whole file in order."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self._bounds = tuple(ranges)
        self._order = sorted(range(len(ranges)), key=lambda index: ranges[index])
        self._done: dict[int, Digest] = {}
        self._position = 0
        self._next = 0
        self._hash = new_blake3()

    def update(self, piece: memoryview) -> None:
        base, stop = self._position, self._position + len(piece)
        while self._next < len(self._order):
            index = self._order[self._next]
            start, end = self._bounds[index]
            if start >= stop and end > start:
                break
            self._hash.update(piece[max(start - base, 0) : max(min(end, stop) - base, 0)])
            if end > stop:
                break
            self._close(index)
        self._position = stop

    def _close(self, index: int) -> None:
        self._done[index] = Digest("blake3", self._hash.hexdigest())
        self._hash = new_blake3()
        self._next += 1

    def finish(self) -> tuple[Digest, ...]:
        for index in self._order[self._next :]:  # only empty ranges are left: _check_ranges saw to that
            self._close(index)
        return tuple(self._done[index] for index in range(len(self._bounds)))


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_ranges(ranges: Sequence[Range], size: int, path: Source) -> None:
    """Raise IntegrityError when a range is reversed, leaves the file or overlaps another."""
    end = 0
    for range_start, range_end in sorted(ranges):
        if range_start < 0 or range_end < range_start or range_end > size:
            raise IntegrityError(
                "a byte range does not lie in the file",
                wanted=f"0 <= start <= end <= {size}",
                found=f"{range_start}..{range_end}",
                where=str(path),
            )
        if range_start < end:
            raise IntegrityError(
                "two byte ranges overlap",
                wanted="ranges that do not overlap",
                found=f"{range_start}..{range_end} starts before {end}",
                where=str(path),
            )
        end = range_end


def refuse_changed(before: StatKey, after: StatKey, read: int, path: Source) -> None:
    """Raise IntegrityError when the file was written to between two stats around reading `read` bytes."""
    if before == after and read == before.size:
        return
    names = [name for name in StatKey._fields if getattr(before, name) != getattr(after, name)]
    raise IntegrityError(
        "the file changed while it was read",
        wanted=f"{before.size} bytes that stay as they are",
        found=f"{read} bytes read; changed: {', '.join(names) or 'size'}",
        where=str(path),
        hint="stop the program that writes to it, then run again",
    )


def digest_file(
    source: Source,
    *,
    sha256: bool = True,
    blake3: bool = True,
    ranges: Sequence[Range] = (),
    workers: int | None = None,
    sync: bool = False,
    follow: bool = False,
    flushed_ns: int = 0,
) -> FileDigests:
    """Hash one regular file, by path or by open descriptor (left open), reading each byte once.

    `ranges` are (start, end) byte offsets, end exclusive, that do not overlap; each gets a BLAKE3 of its own.
    `sync` flushes the file first: a dirty mapped page changes bytes without changing the stat (not on
    Windows, where a descriptor for reading cannot be flushed); `flushed_ns` is when everything was flushed
    last, so that a file untouched since needs no flush of its own. `follow` resolves a symbolic link.
    Raises IntegrityError for anything but a regular file, for a bad range and for a file that changed while
    it was read; StorageError when the system refuses.
    """
    if isinstance(source, int):
        fd, status = source, os.fstat(source)
        if not stat.S_ISREG(status.st_mode):
            raise not_regular(status.st_mode, f"descriptor {source}")
        os.lseek(fd, 0, os.SEEK_SET)
    else:
        fd, status = open_regular(source, follow=follow)
    try:
        if sync and os.name != "nt" and is_racy(stat_key(status), flushed_ns):
            os.fsync(fd)
            status = os.fstat(fd)
        return _digest_open(
            fd,
            stat_key(status),
            source,
            hashes=(sha256, blake3),
            ranges=ranges,
            workers=workers or available_cores(),
        )
    except OSError as error:
        raise storage_error(error, f"descriptor {source}" if isinstance(source, int) else source) from error
    finally:
        if not isinstance(source, int):
            os.close(fd)


def _digest_open(
    fd: int, key: StatKey, source: Source, *, hashes: tuple[bool, bool], ranges: Sequence[Range], workers: int
) -> FileDigests:
    sha256, blake3 = hashes
    if ranges:
        check_ranges(ranges, key.size, source)
    began_ns = time.time_ns()
    split = workers > 1 and key.size >= SPLIT
    alone = split and not (sha256 and (blake3 or ranges))  # one kind of hash only: no work to share out
    stream = StreamHashes(sha256=sha256, blake3=blake3, ranges=ranges, threads=workers if alone else 1)
    if key.size < SMALL:
        data = memoryview(os.read(fd, key.size + 1))  # one more, to see a file that grew
        stream.update(data)
        count = len(data)
    else:
        read = io.FileIO(fd, closefd=False).readinto
        if alone:
            count = pump(read, _nothing, (stream.update,), chunk=_WIDE_CHUNK, depth=3)
        elif split:
            count = pump(read, stream.update_blake3, (stream.update_sha256,), chunk=_SPLIT_CHUNK, depth=4)
        else:
            count = pump(read, stream.update, chunk=min(CHUNK, key.size + 1))
    refuse_changed(key, stat_key(os.fstat(fd)), count, source)
    return stream.finish(size=count, key=key, began_ns=began_ns)


def _nothing(_piece: memoryview) -> None:
    """Consume nothing: the calling thread only reads."""


def digest_many(
    paths: Sequence[str | os.PathLike[str]],
    *,
    sha256: bool = True,
    blake3: bool = True,
    ranges: Mapping[str | os.PathLike[str], Sequence[Range]] | None = None,
    workers: int | None = None,
    sync: bool = False,
    follow: bool = False,
) -> list[FileDigests]:
    """Hash many files on all cores; the result is in the order of `paths`. Options and errors as digest_file.

    Small files are read whole in the calling thread (measured: threads only fight for the interpreter there).
    A large file that outweighs all later ones has every core to itself; the other large ones are spread over
    one thread per core, largest first. The error of the first path in order is raised, after the threads
    have stopped.
    """
    cores = workers or available_cores()
    wanted = ranges or {}
    found: dict[int, FileDigests] = {}
    errors: dict[int, Exception] = {}
    stop = threading.Event()
    flushed_ns = 0
    if sync and len(paths) >= _FLUSH_ALL and sys.platform == "linux":  # elsewhere sync(2) may not wait
        flushed_ns = time.time_ns()
        os.sync()

    def digest(index: int, threads: int) -> None:
        path = paths[index]
        try:
            found[index] = digest_file(
                path,
                sha256=sha256,
                blake3=blake3,
                ranges=wanted.get(path, ()),
                workers=threads,
                sync=sync,
                follow=follow,
                flushed_ns=flushed_ns,
            )
        except Exception as error:  # noqa: BLE001 - carried to the caller's thread
            errors[index] = error
            stop.set()

    def lane(turns: SimpleQueue[int]) -> None:
        while not stop.is_set():
            try:
                index = turns.get_nowait()
            except Empty:
                return
            digest(index, 1)

    sizes = [size_for_plan(path) for path in paths]
    small = [index for index, size in enumerate(sizes) if size < SMALL]
    alone, shared = plan_cores(sizes, cores)
    for threads, indexes in ((1, small), (cores, alone)):
        for index in indexes:
            digest(index, threads)
            if stop.is_set():
                break
    turns: SimpleQueue[int] = SimpleQueue()
    for index in shared:
        turns.put(index)
    if shared and not stop.is_set():  # plain threads: an executor imports logging, on every run
        lanes = [threading.Thread(target=lane, args=(turns,)) for _ in range(min(cores, len(shared)))]
        for thread in lanes:
            thread.start()
        try:
            for thread in lanes:
                thread.join()
        except BaseException:  # Ctrl-C: finish the files under way, start nothing more
            stop.set()
            raise
    if errors:
        raise errors[min(errors)]
    return [found[index] for index in range(len(paths))]


def size_for_plan(path: str | os.PathLike[str]) -> int:
    """Size in bytes for planning only; a path that cannot be read is small, and its turn says why."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def plan_cores(sizes: Sequence[int], cores: int) -> tuple[list[int], list[int]]:
    """Indexes of the large files that get all cores, and of those that share them, both largest first."""
    order = sorted((index for index, size in enumerate(sizes) if size >= SMALL), key=lambda i: -sizes[i])
    rest = sum(sizes[index] for index in order)
    alone = 0
    while alone < len(order) and cores > 1:
        rest -= sizes[order[alone]]
        if sizes[order[alone]] <= rest:
            break
        alone += 1
    return order[:alone], order[alone:]
