from __future__ import annotations

import os
from pathlib import Path

import pytest

from release_tasks.system.stat_key import GRANULARITY_NS, StatKey, is_racy, stat_key


def test_a_key_holds_what_tells_two_states_of_a_file_apart(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    os.utime(path, ns=(1, 123_456_789))
    status = path.stat()
    assert stat_key(path) == StatKey(
        size=3, mtime_ns=123_456_789, ctime_ns=status.st_ctime_ns, inode=status.st_ino, device=status.st_dev
    )
    assert stat_key(status) == stat_key(str(path))


def test_an_edit_that_restores_the_mtime_still_changes_the_key(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    os.utime(path, ns=(5, 5))
    before = stat_key(path)
    while stat_key(path).ctime_ns == before.ctime_ns:
        path.write_bytes(b"xyz")
        os.utime(path, ns=(5, 5))
    assert stat_key(path)._replace(ctime_ns=0) == before._replace(ctime_ns=0)
    assert stat_key(path) != before


@pytest.mark.parametrize(
    ("mtime", "ctime", "hashed_at", "racy"),
    [
        (100, 100, 100 + GRANULARITY_NS, True),
        (100, 100, 101 + GRANULARITY_NS, False),
        (100, 200, 101 + GRANULARITY_NS, True),
        (200, 100, 101 + GRANULARITY_NS, True),
        (10**19, 100, 10**18, True),  # an mtime in the future is never trusted
    ],
)
def test_racy_means_the_file_may_have_changed_within_the_same_tick(
    mtime: int, ctime: int, hashed_at: int, *, racy: bool
) -> None:
    key = StatKey(size=1, mtime_ns=mtime, ctime_ns=ctime, inode=1, device=1)
    assert is_racy(key, hashed_at) is racy
