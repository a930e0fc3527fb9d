from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from release_tasks.errors import StorageError
from release_tasks.system.disk import (
    fsync_dir,
    fsync_tree,
    make_read_only,
    make_writable,
    remove_tree,
    remove_unfinished,
    write_atomic,
)


def strace_works() -> bool:
    """Containers may have strace and forbid ptrace."""
    return (
        bool(shutil.which("strace"))
        and not subprocess.run(
            ["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True
        ).returncode
    )


needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not installed or may not trace")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_write_atomic_makes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    umask = os.umask(0o077)
    try:
        write_atomic(path, b"old")
        write_atomic(str(path), b"new and longer", mode=0o640)
    finally:
        os.umask(umask)
    assert path.read_bytes() == b"new and longer"
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["file"]


def test_write_atomic_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomic("plain", b"x")
    assert (tmp_path / "plain").read_bytes() == b"x"


def test_write_atomic_replaces_a_link_and_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"kept")
    (tmp_path / "link").symlink_to("target")
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"kept"
    assert not (tmp_path / "link").is_symlink()


def test_write_atomic_where_a_folder_stands(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(StorageError, match=f"where: {tmp_path / 'file'}"):
        write_atomic(tmp_path / "file", b"x")
    assert names(tmp_path) == ["file"]


def test_write_atomic_in_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        write_atomic(tmp_path / "none" / "file", b"x")
    assert str(caught.value) == (
        "the file does not exist\n"
        "  found: ENOENT: No such file or directory\n"
        f"  where: {tmp_path / 'none' / 'file'}\n"
        "  hint:  check the path, or run the step that makes the file"
    )


PROGRAM = textwrap.dedent(
    """
    import sys
    from release_tasks.errors import ReleaseError
    from release_tasks.system.disk import write_atomic
    try:
        write_atomic(sys.argv[1], b"new" * 1000)
    except ReleaseError as error:
        print(type(error).__name__, error.what, error.found, error.where, sep="|")
        sys.exit(7)
    """
)


def run_with_fault(folder: Path, fault: str, calls: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", "-e", f"inject={fault}"),
            *(sys.executable, "-B", "-c", PROGRAM, str(folder / "file")),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@needs_strace
@pytest.mark.parametrize(
    ("fault", "calls", "said"),
    [
        ("write:error=ENOSPC:when=1", "write", "the disk is full|ENOSPC: No space left on device"),
        ("fsync:error=EIO:when=1", "fsync", "the disk failed to read or write|EIO: Input/output error"),
        ("rename:error=EROFS:when=1", "rename", "the file system is read-only|EROFS: Read-only file system"),
    ],
)
def test_write_atomic_that_fails_keeps_the_old_file_and_no_temporary_one(
    tmp_path: Path, fault: str, calls: str, said: str
) -> None:
    (tmp_path / "file").write_bytes(b"old")
    done = run_with_fault(tmp_path, fault, calls)
    assert done.stdout == f"StorageError|{said}|{tmp_path / 'file'}\n"
    assert (done.returncode, names(tmp_path)) == (7, ["file"])
    assert (tmp_path / "file").read_bytes() == b"old"


@needs_strace
def test_write_atomic_finds_a_lying_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    done = run_with_fault(tmp_path, "write:retval=1:when=1", "write")
    assert done.stdout == (
        f"IntegrityError|the disk did not keep what was written|other bytes|{tmp_path / 'file'}\n"
    )
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@needs_strace
@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
@pytest.mark.parametrize("when", [1, 2])
def test_write_atomic_killed_leaves_old_or_new_bytes(tmp_path: Path, call: str, when: int) -> None:
    (tmp_path / "file").write_bytes(b"old")
    done = run_with_fault(tmp_path, f"{call}:signal=KILL:when={when}", call)
    assert (tmp_path / "file").read_bytes() in {b"old", b"new" * 1000}
    if when == 1:
        assert done.returncode != 0
        assert (tmp_path / "file").read_bytes() == b"old"  # strace kills before the call is made


def tree(root: Path) -> Path:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_bytes(b"1")
    (root / "a" / "empty").mkdir()
    (root / "top").write_bytes(b"2")
    (root / "link").symlink_to("a")
    return root


def test_fsync_tree_and_dir_reach_everything(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree")
    fsync_tree(root)
    fsync_dir(root)
    with pytest.raises(StorageError, match="the file does not exist"):
        fsync_tree(tmp_path / "none")


@needs_strace
def test_fsync_tree_flushes_files_before_their_folders(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree")
    program = f"from release_tasks.system.disk import fsync_tree; fsync_tree({str(root)!r})"
    log = tmp_path / "log"
    subprocess.run(
        ["strace", "-f", "-qq", "-y", "-o", str(log), "-e", "trace=fsync", sys.executable, "-c", program],
        check=True,
    )
    flushed = [line.split("<", 1)[1].split(">", 1)[0] for line in log.read_text().splitlines()]
    wanted = [root / "a/b/file", root / "a/b", root / "a/empty", root / "a", root / "top", root]
    assert sorted(flushed) == sorted(map(str, wanted))
    for path in flushed:
        assert not any(later.startswith(f"{path}/") for later in flushed[flushed.index(path) :])


def test_remove_tree_takes_read_only_things_and_leaves_what_links_point_to(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"kept")
    (root / "out").symlink_to(tmp_path / "kept")
    make_read_only(root)
    (root / "a").chmod(0)
    remove_tree(root)
    remove_tree(root)
    assert names(tmp_path) == ["kept"]
    assert (tmp_path / "kept" / "file").read_bytes() == b"kept"


def test_remove_tree_takes_a_file_and_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    remove_tree(tmp_path / "link")
    assert names(tmp_path) == ["file"]
    remove_tree(tmp_path / "file")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has one read-only bit and none for folders")
def test_read_only_and_writable_are_opposite_and_leave_links_alone(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree")
    outside = tmp_path / "outside"
    outside.write_bytes(b"x")
    outside.chmod(0o644)
    (root / "away").symlink_to(outside)
    parts = [root, root / "a", root / "a/b", root / "a/b/file", root / "top"]
    make_read_only(root)
    assert {stat.S_IMODE(path.stat().st_mode) & 0o222 for path in parts} == {0}
    make_writable(root)
    assert {stat.S_IMODE(path.stat().st_mode) & 0o222 for path in parts} == {0o200}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


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
def test_write_atomic_on_a_full_disk_keeps_the_old_file(tiny_disk: Path) -> None:
    write_atomic(tiny_disk / "file", b"old")
    with pytest.raises(StorageError, match="the disk is full"):
        write_atomic(tiny_disk / "file", bytes(300_000))
    assert (tiny_disk / "file").read_bytes() == b"old"
    assert names(tiny_disk) == ["file"]


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".a.json.0123456789abcdef.tmp", ".a.tmp", "b.0123456789abcdef.tmp", ".keep"):
        (tmp_path / name).write_text("x")
    remove_unfinished(tmp_path, "b.json")
    remove_unfinished(tmp_path, "a")
    assert (tmp_path / ".a.json.0123456789abcdef.tmp").exists()
    remove_unfinished(tmp_path, "a.json")
    assert not (tmp_path / ".a.json.0123456789abcdef.tmp").exists()
    (tmp_path / ".a.json.0123456789abcdef.tmp").write_text("x")
    remove_unfinished(tmp_path)
    remove_unfinished(tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.tmp", ".keep", "b.0123456789abcdef.tmp"]
