from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from release_tasks.errors import StorageError
from release_tasks.system.lock import FileLock

HOLD = """
import sys
from release_tasks.system.lock import FileLock
with FileLock(sys.argv[1], shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(path: Path, kind: str) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def let_go(holder: subprocess.Popen[str]) -> None:
    holder.communicate(timeout=20)


def test_a_busy_lock_says_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path, "exclusive")
    with pytest.raises(StorageError) as caught, FileLock(path, wait=False):
        raise AssertionError("unreachable: the lock is held")
    assert str(caught.value) == (
        "another process holds the lock\n"
        "  wanted: an exclusive lock\n"
        f"  found:  held by pid {holder.pid}: -c {path} exclusive\n"
        f"  where:  {path}\n"
        "  hint:   wait until that process has finished, or stop it"
    )
    let_go(holder)
    with FileLock(path, wait=False):
        pass


@pytest.mark.skipif(os.name == "nt", reason="msvcrt has no shared locks")
def test_sharers_share_and_keep_the_exclusive_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path, "shared")
    with FileLock(path, shared=True, wait=False):
        pass
    with pytest.raises(StorageError, match="another process holds the lock"):
        FileLock(path, wait=False).__enter__()
    let_go(holder)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path, "exclusive")
    holder.kill()
    holder.communicate(timeout=20)
    with FileLock(path, wait=False):
        assert path.read_text().startswith(f"pid {os.getpid()}: ")


def test_waiting_ends_when_the_holder_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path, "exclusive")
    waiter = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), "exclusive"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.3)
    assert waiter.poll() is None
    let_go(holder)
    assert waiter.stdout is not None
    assert waiter.stdout.readline() == "held\n"
    let_go(waiter)


def test_one_object_is_not_taken_twice_and_can_be_taken_again(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with lock, pytest.raises(RuntimeError, match="is held by this very object"):
        lock.__enter__()
    with lock:
        pass


def test_a_lock_in_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the file does not exist"):
        FileLock(tmp_path / "none" / "lock").__enter__()


def test_a_lock_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path, wait=False, keep=False), pytest.raises(StorageError):
        FileLock(path, wait=False, keep=False).__enter__()
    assert os.name == "nt" or not path.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that is open")
def test_who_waited_for_a_lock_that_was_removed_takes_it_anew(tmp_path: Path) -> None:
    """Else it would hold a file without a name, and the next one would hold another of that name."""
    path, held = tmp_path / "lock", Event()
    first = FileLock(path, keep=False)
    second = FileLock(path, keep=False)

    def wait_for_it() -> None:
        with second, pytest.raises(StorageError):
            FileLock(path, wait=False, keep=False).__enter__()
        held.set()

    with first:
        waiter = Thread(target=wait_for_it)
        waiter.start()
        time.sleep(0)  # whether it waits already or comes later must not matter
    waiter.join(60)
    assert held.is_set()
    assert not path.exists()
