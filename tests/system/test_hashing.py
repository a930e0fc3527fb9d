from __future__ import annotations

import hashlib
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import IntegrityError, StorageError
from release_tasks.records.digest import Digest
from release_tasks.system import hashing
from release_tasks.system.hashing import SMALL, SPLIT, FileDigests, digest_file, digest_many
from release_tasks.system.stat_key import stat_key


def sha(data: bytes) -> Digest:
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def b3(data: bytes) -> Digest:
    return Digest("blake3", blake3(data).hexdigest())


def pattern(size: int) -> bytes:
    return (b"".join(number.to_bytes(4, "big") for number in range(20_011)) * (size // 80_044 + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, (1 << 20) + 7, SPLIT, SPLIT + 4321])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_every_size_and_worker_count_gives_the_digests_of_the_bytes(
    tmp_path: Path, size: int, workers: int
) -> None:
    data = pattern(size)
    path = tmp_path / "weights"
    path.write_bytes(data)
    found = digest_file(path, workers=workers, ranges=[(0, size)])
    assert found == FileDigests(
        size=size,
        sha256=sha(data),
        blake3=b3(data),
        ranges=(b3(data),),
        key=stat_key(path),
        began_ns=found.began_ns,
    )
    assert found.key == stat_key(path)
    assert found.began_ns >= found.key.mtime_ns - 10_000_000


@pytest.mark.parametrize("size", [100, SMALL + 9, SPLIT + 9])
def test_a_digest_that_is_not_wanted_is_none(tmp_path: Path, size: int) -> None:
    data = pattern(size)
    path = tmp_path / "weights"
    path.write_bytes(data)
    only_blake3 = digest_file(path, sha256=False, workers=2)
    only_sha256 = digest_file(path, blake3=False, workers=2)
    assert (only_blake3.sha256, only_blake3.blake3) == (None, b3(data))
    assert (only_sha256.sha256, only_sha256.blake3) == (sha(data), None)


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    steps=st.lists(st.integers(1, 60), min_size=1),
)
def test_ranges_do_not_depend_on_how_the_file_is_cut_into_pieces(
    data: bytes, cuts: list[int], steps: list[int]
) -> None:
    edges = sorted(min(cut, len(data)) for cut in cuts)
    ranges = list(zip(edges[::2], edges[1::2], strict=False))
    stream = hashing.StreamHashes(sha256=True, blake3=True, ranges=ranges[::-1])
    position = turn = 0
    while position < len(data):
        step = steps[turn % len(steps)]
        stream.update(memoryview(data)[position : position + step])
        position += step
        turn += 1
    found = stream.finish(size=len(data), key=stat_key("."), began_ns=0)
    assert (found.sha256, found.blake3) == (sha(data), b3(data))
    assert found.ranges == tuple(b3(data[start:end]) for start, end in ranges[::-1])


def test_ranges_of_a_large_file_in_any_order(tmp_path: Path) -> None:
    data = pattern(SPLIT + 77)
    path = tmp_path / "weights"
    path.write_bytes(data)
    ranges = [(5_000_000, SPLIT + 77), (8, 8), (9, 5_000_000), (SPLIT + 77, SPLIT + 77), (0, 8)]
    for workers in (1, 2):
        found = digest_file(path, ranges=ranges, workers=workers)
        assert found.ranges == tuple(b3(data[start:end]) for start, end in ranges)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        (
            [(0, 11)],
            "a byte range does not lie in the file\n  wanted: 0 <= start <= end <= 10\n  found:  0..11\n  where:  {}",
        ),
        (
            [(-1, 2)],
            "a byte range does not lie in the file\n  wanted: 0 <= start <= end <= 10\n  found:  -1..2\n  where:  {}",
        ),
        (
            [(4, 3)],
            "a byte range does not lie in the file\n  wanted: 0 <= start <= end <= 10\n  found:  4..3\n  where:  {}",
        ),
        (
            [(4, 8), (0, 5)],
            "two byte ranges overlap\n  wanted: ranges that do not overlap\n  found:  4..8 starts before 5\n  where:  {}",
        ),
    ],
)
def test_bad_ranges_are_refused(tmp_path: Path, ranges: list[tuple[int, int]], message: str) -> None:
    path = tmp_path / "ten"
    path.write_bytes(b"0123456789")
    with pytest.raises(IntegrityError) as caught:
        digest_file(path, ranges=ranges)
    assert str(caught.value) == message.format(path)


def test_a_descriptor_is_read_from_its_start_and_left_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    fd = os.open(path, os.O_RDONLY)
    try:
        os.read(fd, 3)
        assert digest_file(fd, sync=True).sha256 == sha(b"hello")
        assert os.fstat(fd).st_size == 5
    finally:
        os.close(fd)


def make_directory(path: Path) -> None:
    path.mkdir()


def make_link(path: Path) -> None:
    target = path.with_name("target")
    target.write_bytes(b"x")
    path.symlink_to(target)


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # a socket address holds at most 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (make_directory, "a directory"),
        (make_link, "a symbolic link"),
        (make_dangling_link, "a symbolic link"),
        (make_pipe, "a named pipe"),
        (make_socket, "a socket"),
    ],
)
def test_only_regular_files_are_hashed(tmp_path: Path, make: object, name: str) -> None:
    path = tmp_path / "special"
    make(path)  # type: ignore[operator]
    for call in (lambda: digest_file(path), lambda: digest_many([path])):
        with pytest.raises(IntegrityError) as caught:
            call()
        assert str(caught.value) == (
            "not a regular file\n"
            "  wanted: a regular file\n"
            f"  found:  {name}\n"
            f"  where:  {path}\n"
            "  hint:   replace it by the file itself; only regular files are read"
        )


def test_a_device_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"found:  a character device\n"):
        digest_file("/dev/null")


def test_a_link_is_followed_when_asked(tmp_path: Path) -> None:
    make_link(tmp_path / "link")
    assert digest_file(tmp_path / "link", follow=True).sha256 == sha(b"x")


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        digest_file(tmp_path / "none")
    assert str(caught.value) == (
        "the file does not exist\n"
        "  found: ENOENT: No such file or directory\n"
        f"  where: {tmp_path / 'none'}\n"
        "  hint:  check the path, or run the step that makes the file"
    )


@pytest.mark.parametrize("size", [10, SPLIT])
def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = tmp_path / "log"
    path.write_bytes(bytes(size))
    calls: list[int] = []
    real_update = hashing.StreamHashes.update_blake3

    def grow(stream: hashing.StreamHashes, piece: memoryview) -> None:
        if not calls:
            with path.open("ab") as file:
                file.write(b"more")
        calls.append(1)
        real_update(stream, piece)

    monkeypatch.setattr(hashing.StreamHashes, "update_blake3", grow)
    with pytest.raises(IntegrityError) as caught:
        digest_file(path, workers=2)
    text = str(caught.value)
    assert text.startswith(
        f"the file changed while it was read\n  wanted: {size} bytes that stay as they are\n"
    )
    assert re.search(r"found:  \d+ bytes read; changed: size, mtime_ns, ctime_ns\n", text)


def test_a_file_rewritten_with_its_old_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"aaaa")
    os.utime(path, ns=(10**18, 10**18))
    real_update = hashing.StreamHashes.update_blake3

    def swap(stream: hashing.StreamHashes, piece: memoryview) -> None:
        real_update(stream, piece)
        path.write_bytes(b"bbbb")
        os.utime(path, ns=(10**18, 10**18))

    monkeypatch.setattr(hashing.StreamHashes, "update_blake3", swap)
    with pytest.raises(IntegrityError, match=r"found:  4 bytes read; changed: ctime_ns\n"):
        digest_file(path)


def test_many_files_come_back_in_the_order_asked(tmp_path: Path) -> None:
    sizes = [3, SMALL + 5, 0, SPLIT + 3, 70, SMALL, SMALL + 1, SPLIT]
    paths, wanted = [], []
    for number, size in enumerate(sizes):
        data = number.to_bytes(1, "big") * size
        path = tmp_path / str(number)
        path.write_bytes(data)
        paths.append(path)
        wanted.append((size, sha(data), b3(data)))
    for workers in (1, 2, 3):
        found = digest_many(paths, workers=workers)
        assert [(one.size, one.sha256, one.blake3) for one in found] == wanted
    assert digest_many([]) == []


def test_many_files_with_ranges(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"header tensor")
    (tmp_path / "b").write_bytes(b"other")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    found = digest_many([a, b], ranges={a: [(0, 6), (7, 13)]})
    assert [one.ranges for one in found] == [(b3(b"header"), b3(b"tensor")), ()]


@pytest.mark.parametrize("size", [5, SMALL + 1])
def test_many_files_raise_the_first_error_and_leave_no_thread(tmp_path: Path, size: int) -> None:
    good = tmp_path / "good"
    good.write_bytes(bytes(size))
    before = threading.active_count()
    with pytest.raises(StorageError, match="the file does not exist"):
        digest_many([good, tmp_path / "missing", good])
    assert threading.active_count() == before


def test_the_plan_gives_all_cores_to_a_file_that_outweighs_the_rest() -> None:
    mib = 1 << 20
    assert hashing.plan_cores([mib, 8 * mib, mib, 3], 2) == ([1], [0, 2])
    assert hashing.plan_cores([mib, 8 * mib, 2 * mib], 2) == ([1, 2, 0], [])
    assert hashing.plan_cores([4 * mib] * 8, 2) == ([], list(range(8)))
    assert hashing.plan_cores([8 * mib, mib], 1) == ([], [0, 1])


@pytest.mark.skipif(sys.platform != "linux", reason="sync(2) waits on Linux only")
def test_many_files_are_flushed_together_and_those_touched_since_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapped page dirtied after the flush of everything would change bytes without changing the stat."""
    paths = [tmp_path / f"{number:03d}" for number in range(70)]
    for path in paths:
        path.write_bytes(path.name.encode())
    time.sleep(0.03)  # out of the tick of the writes
    flushed: list[str] = []
    fsync = os.fsync

    def flush_one(fd: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        fsync(fd)

    def flush_all() -> None:
        flushed.append("all")
        paths[7].write_bytes(b"touched")

    monkeypatch.setattr(os, "fsync", flush_one)
    monkeypatch.setattr(os, "sync", flush_all)
    found = digest_many(paths, sync=True)
    assert flushed == ["all", "007"]
    assert found[7].sha256 == sha(b"touched")
    flushed.clear()
    digest_many(paths[:3], sync=True)
    assert flushed == ["000", "001", "002"]
