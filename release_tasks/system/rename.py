"""Put a finished directory in the place of another in one step, and repair where the system needs two."""

# Paths stay strings here: 100,000 Path objects cost more than the system calls.
# ruff: noqa: PTH104, PTH119
from __future__ import annotations

import ctypes
import errno
import json
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from release_tasks.errors import IntegrityError, StorageError
from release_tasks.system.disk import fsync_dir, write_atomic
from release_tasks.system.storage import storage_errors

_AT_FDCWD = -100  # linux/fcntl.h
_NOREPLACE, _EXCHANGE = 1, 2  # linux/fs.h, RENAME_*
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}  # EPERM: old container filters
_MARKER = ".publishing.json"


def _find_renameat2() -> Callable[[Path, Path, int], None] | None:
    """renameat2(2) of glibc >= 2.28 or musl; None on other systems."""
    if sys.platform != "linux":
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)

    def rename(source: Path, target: Path, flags: int) -> None:
        if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flags):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), os.fspath(source))

    return rename


_renameat2 = _find_renameat2()


def publish_directory(staging: Path, final: Path) -> Path | None:
    """Make the directory `staging` appear as `final`, both in one folder; returns where the old one is now.

    A kill or power cut at any point leaves under `final` the old or the new directory whole; without
    renameat2 (macOS, Windows, some network file systems) it may also leave nothing there until `recover` has
    run. The caller flushes the content of `staging` before (fsync_tree). Raises IntegrityError when one of
    them is no real directory, StorageError when the system refuses; then `final` is as before.
    """
    if staging.parent != final.parent:
        raise AssertionError(f"{staging} and {final} must be in one folder")
    _require_directory(staging)
    with storage_errors(final):
        if not os.path.lexists(final):
            if not _try_renameat2(staging, final, _NOREPLACE):
                os.rename(staging, final)
            displaced = None
        else:
            _require_directory(final)
            displaced = staging if _try_renameat2(staging, final, _EXCHANGE) else _swap_in_two(staging, final)
    fsync_dir(final.parent)
    return displaced


def _require_directory(path: Path) -> None:
    with storage_errors(path):
        mode = path.lstat().st_mode
    if not stat.S_ISDIR(mode):
        raise IntegrityError(
            "not a directory",
            wanted="a real directory",
            found="a symbolic link" if stat.S_ISLNK(mode) else "a file",
            where=os.fspath(path),
            hint="move it away, then run again",
        )


def _try_renameat2(staging: Path, final: Path, flags: int) -> bool:
    if _renameat2 is None:
        return False
    try:
        _renameat2(staging, final, flags)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return False
        raise
    return True


def _swap_in_two(staging: Path, final: Path) -> Path:
    """Old away, new in; the marker lets `recover` finish when we die between the two renames."""
    displaced = final.with_name(f".{final.name}.displaced")
    if os.path.lexists(displaced):
        raise StorageError(
            "a directory displaced by an earlier run is in the way",
            found=os.fspath(displaced),
            where=os.fspath(final),
            hint="look at it, remove it, then run again",
        )
    marker = final.with_name(f".{final.name}{_MARKER}")
    names = {"displaced": displaced.name, "final": final.name, "staging": staging.name}
    write_atomic(marker, (json.dumps(names, sort_keys=True) + "\n").encode())
    try:
        os.rename(final, displaced)
        try:
            os.rename(staging, final)
        except OSError:
            os.rename(displaced, final)
            raise
    except OSError:
        if os.path.lexists(final):  # else the marker is what leads back
            marker.unlink()
        raise
    fsync_dir(final.parent)
    marker.unlink()
    return displaced


def recover(parent: Path) -> tuple[Path, ...]:
    """Finish interrupted exchanges in `parent`; returns the directories that were missing and are back.

    Call it before anything looks below `parent`, under the lock that publishing holds.
    """
    repaired: list[Path] = []
    with storage_errors(parent):
        markers = sorted(path for path in parent.glob(f".*{_MARKER}") if not path.is_symlink())
        for marker in markers:
            displaced, final, staging = _read_marker(marker)
            if not os.path.lexists(final):
                # The new directory was complete before the first rename: go forward, else back.
                os.rename(staging if os.path.lexists(staging) else displaced, final)
                repaired.append(final)
                fsync_dir(parent)
            marker.unlink()
        if markers:
            fsync_dir(parent)
    return tuple(repaired)


def _read_marker(marker: Path) -> tuple[Path, Path, Path]:
    names: object = None
    with suppress(ValueError):
        names = json.loads(marker.read_bytes())
    match names:
        case {"displaced": str() as displaced, "final": str() as final, "staging": str() as staging} if (
            all(
                name not in {"", ".", ".."} and os.path.basename(name) == name
                for name in (displaced, final, staging)
            )
            and marker.name == f".{final}{_MARKER}"
        ):
            return marker.with_name(displaced), marker.with_name(final), marker.with_name(staging)
        case _:
            raise IntegrityError(
                "the note of an interrupted publication cannot be read",
                wanted="a JSON object with displaced, final and staging",
                where=os.fspath(marker),
                hint="see which directory is complete, give it the final name, then remove this file",
            )
