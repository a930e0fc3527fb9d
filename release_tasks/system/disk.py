"""Write, flush, protect and remove files and trees so that a crash leaves the old state or the new one."""

# Paths stay strings here: 100,000 Path objects cost more than the system calls.
# ruff: noqa: PTH101, PTH105, PTH106, PTH108, PTH118, PTH208
from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from release_tasks.errors import IntegrityError
from release_tasks.system.storage import OPEN_SAFELY, storage_errors

StrPath = str | os.PathLike[str]

_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{16}\.tmp", re.DOTALL)  # as write_atomic names its files
_ENDING = len("0123456789abcdef.tmp")  # what follows the name
_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_atomic(path: StrPath, data: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` by a file that holds `data`: readers, and a crash at any point, see old or new bytes.

    Raises StorageError when the system refuses; then `path` is as before and no temporary file is left.
    """
    path = os.fspath(path)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:100]}.{os.urandom(8).hex()}.tmp")
    with storage_errors(path):
        try:
            _write_new(temporary, data, mode)
            _check_written(temporary, data, path)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    fsync_dir(folder or ".")


def rewrite_atomic(path: StrPath, data: bytes) -> None:
    """Replace what a file of a person holds, as `write_atomic`: a link stays a link, and its mode stays."""
    target = Path(os.path.realpath(path))
    with storage_errors(path):
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
    write_atomic(target, data, mode=mode)


def _write_new(path: str, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OPEN_SAFELY, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        if hasattr(os, "fchmod"):
            os.fchmod(fd, mode)  # the mode asked for, whatever the umask
        os.fsync(fd)
    finally:
        os.close(fd)


def _check_written(temporary: str, data: bytes, path: str) -> None:
    """A disk that lied about a short write is found before the old file is replaced."""
    fd = os.open(temporary, os.O_RDONLY | OPEN_SAFELY)
    with io.FileIO(fd, "rb") as file:
        if file.read() == data:
            return
    raise IntegrityError(
        "the disk did not keep what was written",
        wanted="the bytes that were written",
        found="other bytes",
        where=path,
        hint="the file is as it was before; check the disk and its file system, or use another one",
    )


def remove_unfinished(folder: StrPath, name: str = "") -> None:
    """Remove what a killed `write_atomic` left in a folder, of all files or of the one called `name`.

    Only under the lock of all who write there.
    """
    of_it = f".{name[:100]}."
    with storage_errors(folder):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return
        for left in names:
            if _UNFINISHED.fullmatch(left) and (not name or left[:-_ENDING] == of_it):
                os.unlink(os.path.join(folder, left))


def fsync_dir(path: StrPath) -> None:
    """Flush the entries of a folder, so that a rename in it survives a power cut; does nothing on Windows."""
    if os.name == "nt":
        return  # NTFS journals its folders; a folder cannot be opened for flushing there
    with storage_errors(path):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def fsync_tree(root: StrPath) -> None:
    """Flush every file of a tree and then every folder, deepest first; links are not followed."""
    for folder, folders, files in os.walk(root, topdown=False, onerror=_raise):
        del folders
        for name in files:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                _fsync_file(path)
        fsync_dir(folder)


def _fsync_file(path: str) -> None:
    with storage_errors(path):
        fd = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | OPEN_SAFELY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _raise(error: OSError) -> None:
    with storage_errors(error.filename or "."):
        raise error


def remove_tree(path: StrPath) -> None:
    """Remove a file, a link or a whole tree, read-only files and folders too; a missing path is fine.

    Links are removed, never followed. Raises StorageError that names the first path that would not go.
    """
    path = os.fspath(path)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    with storage_errors(path):
        if not stat.S_ISDIR(status.st_mode):
            if os.name == "nt":
                os.chmod(path, stat.S_IWRITE)  # Windows refuses to remove a read-only file
            os.unlink(path)
            return
        if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(path, stat.S_IRWXU)
        with os.scandir(path) as entries:
            children = [entry.path for entry in entries]
    for child in children:
        remove_tree(child)
    with storage_errors(path):
        os.rmdir(path)


def _walk(root: str) -> Iterator[str]:
    """Every regular file and folder below and including `root`, deepest first, links left out."""
    for folder, _folders, files in os.walk(root, topdown=False, onerror=_raise):
        for name in files:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path
        yield folder


def make_read_only(root: StrPath) -> None:
    """Take the write bits from every file and folder of a tree (on Windows from the files)."""
    for path in _walk(os.fspath(root)):
        with storage_errors(path):
            os.chmod(path, stat.S_IMODE(os.lstat(path).st_mode) & ~_WRITE_BITS)


def make_writable(root: StrPath) -> None:
    """Give the owner back the right to write to every file and folder of a tree."""
    for folder, _folders, files in os.walk(root, onerror=_raise):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            with storage_errors(path):
                status = path.lstat()
                if not stat.S_ISLNK(status.st_mode):
                    path.chmod(stat.S_IMODE(status.st_mode) | stat.S_IWUSR)
