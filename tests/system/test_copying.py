from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from release_tasks.errors import IntegrityError, StorageError
from release_tasks.system import copying
from release_tasks.system.copying import CopyJob, copy_and_digest, copy_many
from release_tasks.system.hashing import SPLIT, digest_file
from release_tasks.system.stat_key import stat_key


def strace_works() -> bool:
    """Containers may have strace and forbid ptrace."""
    return (
        bool(shutil.which("strace"))
        and not subprocess.run(
            ["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True
        ).returncode
    )


needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not installed or may not trace")


def weights(path: Path, size: int) -> bytes:
    data = (hashlib.sha512(str(path).encode()).digest() * (size // 64 + 1))[:size]
    path.write_bytes(data)
    return data


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1, SPLIT + 5, 40 * (1 << 20)])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_copy_has_the_bytes_the_mode_and_the_digests(tmp_path: Path, size: int, workers: int) -> None:
    source, dest = tmp_path / "source", tmp_path / "dest"
    data = weights(source, size)
    umask = os.umask(0o077)
    try:
        found = copy_and_digest(
            source, dest, ranges=[(0, size // 2)], mode=0o644, workers=workers, paranoid=True
        )
    finally:
        os.umask(umask)
    assert dest.read_bytes() == data
    assert stat.S_IMODE(dest.stat().st_mode) == (0o644 if os.name != "nt" else 0o666)
    assert found == digest_file(source, ranges=[(0, size // 2)])
    assert found.sha256 is not None
    assert found.sha256.hex == hashlib.sha256(data).hexdigest()
    assert found.key == stat_key(source)


def test_an_existing_file_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    weights(tmp_path / "source", 10)
    (tmp_path / "dest").write_bytes(b"precious")
    with pytest.raises(StorageError) as caught:
        copy_and_digest(tmp_path / "source", tmp_path / "dest")
    assert str(caught.value) == (
        "the file exists already\n"
        "  found: EEXIST: File exists\n"
        f"  where: {tmp_path / 'dest'}\n"
        "  hint:  remove it or choose another name"
    )
    assert (tmp_path / "dest").read_bytes() == b"precious"


def test_a_link_is_copied_only_when_asked(tmp_path: Path) -> None:
    data = weights(tmp_path / "source", 10)
    (tmp_path / "link").symlink_to("source")
    with pytest.raises(IntegrityError, match="found:  a symbolic link"):
        copy_and_digest(tmp_path / "link", tmp_path / "dest")
    assert not (tmp_path / "dest").exists()
    copy_and_digest(tmp_path / "link", tmp_path / "dest", follow=True)
    assert (tmp_path / "dest").read_bytes() == data
    assert not (tmp_path / "dest").is_symlink()


@pytest.mark.parametrize("size", [100, SPLIT])
def test_a_source_that_changes_leaves_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    source, dest = tmp_path / "source", tmp_path / "dest"
    weights(source, size)
    real = copying._Copy.write

    def write(copy: copying._Copy, piece: memoryview) -> None:
        os.utime(source, ns=(1, 1))
        real(copy, piece)

    monkeypatch.setattr(copying._Copy, "write", write)
    with pytest.raises(IntegrityError, match="the file changed while it was read"):
        copy_and_digest(source, dest, workers=2)
    assert not dest.exists()


def test_a_bad_range_makes_no_file(tmp_path: Path) -> None:
    weights(tmp_path / "source", 10)
    with pytest.raises(IntegrityError, match="a byte range does not lie in the file"):
        copy_and_digest(tmp_path / "source", tmp_path / "dest", ranges=[(3, 20)])
    assert not (tmp_path / "dest").exists()


def test_many_copies_in_order_with_their_own_modes_and_ranges(tmp_path: Path) -> None:
    jobs, wanted = [], []
    for number, size in enumerate([5, 0, 300_000, SPLIT + 1, 17, 9]):
        source = tmp_path / f"s{number}"
        wanted.append(weights(source, size))
        jobs.append(
            CopyJob(source=source, dest=tmp_path / f"d{number}", ranges=((0, size),), mode=0o600 + 4 * number)
        )
    found = copy_many(jobs)
    assert [tmp_path.joinpath(f"d{n}").read_bytes() for n in range(6)] == wanted
    assert [one.ranges[0].hex for one in found] == [blake3(data).hexdigest() for data in wanted]
    assert [stat.S_IMODE((tmp_path / f"d{n}").stat().st_mode) for n in range(6)] == [
        0o600 + 4 * n for n in range(6)
    ]
    assert copy_many([]) == []


def test_a_failure_among_many_removes_the_other_copies(tmp_path: Path) -> None:
    for number in range(6):
        weights(tmp_path / f"s{number}", 1000)
    jobs = [CopyJob(source=tmp_path / f"s{n}", dest=tmp_path / f"d{n}") for n in range(6)]
    jobs[3] = CopyJob(source=tmp_path / "missing", dest=tmp_path / "d3")
    with pytest.raises(StorageError, match="the file does not exist"):
        copy_many(jobs)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"s{n}" for n in range(6)]


PROGRAM = textwrap.dedent(
    """
    import sys
    from release_tasks.errors import ReleaseError
    from release_tasks.system.copying import copy_and_digest
    try:
        copy_and_digest(sys.argv[1], sys.argv[2], workers=int(sys.argv[3]))
    except ReleaseError as error:
        print(type(error).__name__, error, sep="\\n")
        sys.exit(7)
    """
)


def run_with_fault(
    tmp_path: Path, fault: str, *, size: int, workers: int
) -> subprocess.CompletedProcess[str]:
    weights(tmp_path / "source", size)
    return subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", os.devnull, "-P", str(tmp_path / "dest"), "-e", f"inject={fault}"),
            *(sys.executable, "-c", PROGRAM, str(tmp_path / "source"), str(tmp_path / "dest"), str(workers)),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@needs_strace
@pytest.mark.parametrize(("size", "workers"), [(3_000_000, 1), (SPLIT + 9, 2)])
def test_a_lying_write_is_found_and_leaves_no_copy(tmp_path: Path, size: int, workers: int) -> None:
    done = run_with_fault(tmp_path, "write:retval=1:when=2", size=size, workers=workers)
    assert done.stdout == (
        "IntegrityError\n"
        "the disk did not keep what was written\n"
        "  wanted: the bytes that were written\n"
        f"  found:  other bytes at {1 << 20}..{2 << 20}\n"
        f"  where:  {tmp_path / 'dest'}\n"
        "  hint:   the copy was removed; check the disk and its file system, or use another one\n"
    )
    assert done.returncode == 7
    assert not (tmp_path / "dest").exists()


@needs_strace
@pytest.mark.parametrize(
    ("fault", "what", "code"),
    [
        ("write:error=ENOSPC:when=2", "the disk is full", "ENOSPC: No space left on device"),
        ("write:error=EDQUOT:when=1", "the disk quota is used up", "EDQUOT: Disk quota exceeded"),
        ("fsync:error=EIO", "the disk failed to read or write", "EIO: Input/output error"),
        ("openat:error=EROFS:when=1", "the file system is read-only", "EROFS: Read-only file system"),
    ],
)
def test_a_disk_that_refuses_is_told_in_words_and_leaves_no_copy(
    tmp_path: Path, fault: str, what: str, code: str
) -> None:
    done = run_with_fault(tmp_path, fault, size=3_000_000, workers=2)
    assert done.stdout.startswith(
        f"StorageError\n{what}\n  found: {code}\n  where: {tmp_path / 'dest'}\n  hint:  "
    )
    assert done.returncode == 7
    assert not (tmp_path / "dest").exists()


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = weights(tmp_path / "source", 5000)
    copy = copying._Copy(tmp_path / "dest", 0o644)
    real = copy._out

    class Nibbling:
        def write(self, piece: memoryview) -> int:
            return real.write(piece[:7])

    monkeypatch.setattr(copy, "_out", Nibbling())
    copy.write(memoryview(data)[:3000])
    copy.write(memoryview(data)[3000:])
    copy.finish()
    copy.close()
    assert (tmp_path / "dest").read_bytes() == data


def test_a_copy_cut_off_behind_our_back_is_found(tmp_path: Path) -> None:
    copy = copying._Copy(tmp_path / "dest", 0o644)
    copy.write(memoryview(b"0123456789"))
    os.truncate(tmp_path / "dest", 4)
    with pytest.raises(IntegrityError) as caught:
        copy.finish()
    copy.close()
    assert caught.value.found == "4 bytes where 10 were written"


def test_paranoid_finds_what_changed_after_the_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, dest = tmp_path / "source", tmp_path / "dest"
    weights(source, 1000)
    real = copying._Copy.finish

    def finish(copy: copying._Copy) -> None:
        real(copy)
        with dest.open("r+b") as file:
            file.write(b"rot")

    monkeypatch.setattr(copying._Copy, "finish", finish)
    with pytest.raises(IntegrityError, match=r"found:  blake3:\w{64} where blake3:\w{64} was written\n"):
        copy_and_digest(source, dest, paranoid=True)
    assert not dest.exists()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "tiny"
    mount.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root on Linux")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip(f"mount refused: {made.stderr.decode().strip()}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.root
@pytest.mark.parametrize("size", [300_000, SPLIT])
def test_a_full_disk_is_told_in_words_and_leaves_no_copy(tmp_path: Path, tiny_disk: Path, size: int) -> None:
    weights(tmp_path / "source", size)
    with pytest.raises(StorageError) as caught:
        copy_and_digest(tmp_path / "source", tiny_disk / "dest", workers=2)
    assert str(caught.value) == (
        "the disk is full\n"
        f"  found: ENOSPC: {os.strerror(errno.ENOSPC)}\n"
        f"  where: {tiny_disk / 'dest'}\n"
        "  hint:  free some space on that disk, then run again"
    )
    assert list(tiny_disk.iterdir()) == []
