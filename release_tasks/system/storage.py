"""What the operating system says no to, in the user's words; and opening only what is a regular file."""

# Paths stay strings here: 100,000 Path objects cost more than the system calls.
# ruff: noqa: PTH116
from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from release_tasks.errors import IntegrityError, ReleaseError, StorageError

_TYPE_NAMES = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)

# errno names differ between systems, so they are looked up by name: (name, what, hint).
_MEANINGS = (
    ("ENOSPC", "the disk is full", "free some space on that disk, then run again"),
    ("EDQUOT", "the disk quota is used up", "free some space or ask for a larger quota, then run again"),
    ("EFBIG", "the file is larger than the file system or `ulimit -f` allows", "raise the limit"),
    ("EROFS", "the file system is read-only", "mount it writable or use another folder"),
    ("EACCES", "permission denied", "check the owner and mode of the file and of its folders"),
    ("EPERM", "permission denied", "check the owner, mode and immutable flag of the file and of its folders"),
    (
        "EIO",
        "the disk failed to read or write",
        "look at the system log; the disk may be dying: use another one",
    ),
    ("ENOENT", "the file does not exist", "check the path, or run the step that makes the file"),
    ("ENOTDIR", "a part of the path is not a folder", "check the path"),
    ("EISDIR", "a folder is where a file should be", "move the folder away"),
    ("EEXIST", "the file exists already", "remove it or choose another name"),
    ("ENOTEMPTY", "the folder is not empty", "remove what is in it or choose another name"),
    ("EXDEV", "the two paths are on different file systems", "keep both folders on one file system"),
    ("EMFILE", "this process has too many open files", "raise `ulimit -n`"),
    ("ENFILE", "the system has too many open files", "close other programs or raise fs.file-max"),
    ("ENAMETOOLONG", "the path is too long", "use shorter names"),
    ("EBUSY", "the file is in use", "close the program that uses it, or unmount it"),
    ("ETXTBSY", "the file is in use", "close the program that uses it"),
)
_BY_ERRNO = {getattr(errno, name): (what, hint) for name, what, hint in _MEANINGS if hasattr(errno, name)}
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
OPEN_SAFELY = (
    _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


def storage_error(error: OSError, path: str | os.PathLike[str]) -> StorageError:
    """Say in the user's words what `error` means for `path`; the only place that reads errno for people."""
    what, hint = _BY_ERRNO.get(error.errno or 0, ("the operating system refused", None))
    found = f"{errno.errorcode.get(error.errno or 0, 'error')}: {error.strerror or error}"
    return StorageError(what, found=found, where=os.fspath(path), hint=hint)


@contextmanager
def storage_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn every OSError of the block into a StorageError that names `path`."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def not_regular(mode: int, path: str | os.PathLike[str]) -> ReleaseError:
    """The refusal of a path whose stat mode is `mode`, which is not that of a regular file."""
    found = next((name for is_type, name in _TYPE_NAMES if is_type(mode)), "a special file")
    return IntegrityError(
        "not a regular file",
        wanted="a regular file",
        found=found,
        where=os.fspath(path),
        hint="replace it by the file itself; only regular files are read",
    )


def open_regular(path: str | os.PathLike[str], *, follow: bool = False) -> tuple[int, os.stat_result]:
    """Open `path` for reading, following no link and waiting for no pipe; the caller closes the descriptor.

    Raises IntegrityError for anything but a regular file, StorageError when the system refuses. With
    `follow` a symbolic link is resolved (inputs from a Hugging Face cache are links). Where the system has
    no O_NOFOLLOW (Windows) the link is looked for by lstat just before the open.
    """
    try:
        if not follow and not _NO_FOLLOW:
            _refuse(os.lstat(path), path)
        fd = os.open(path, os.O_RDONLY | (OPEN_SAFELY & ~_NO_FOLLOW if follow else OPEN_SAFELY))
    except OSError as error:
        raise _refused_open(error, path, follow=follow) from error
    try:
        status = os.fstat(fd)
        _refuse(status, path)
    except BaseException:
        os.close(fd)
        raise
    return fd, status


def _refuse(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise not_regular(status.st_mode, path)


def _refused_open(error: OSError, path: str | os.PathLike[str], *, follow: bool) -> ReleaseError:
    """A socket refuses open with ENXIO and a link with ELOOP; Windows refuses a directory with EACCES."""
    try:
        mode = os.stat(path, follow_symlinks=follow).st_mode
    except OSError:
        return storage_error(error, path)
    return storage_error(error, path) if stat.S_ISREG(mode) else not_regular(mode, path)
