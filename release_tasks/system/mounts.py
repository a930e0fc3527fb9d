"""Which few binds, links and copies show a command exactly the files that it declares."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from release_tasks.errors import CommandFailed
from release_tasks.records.frozen_record import frozen

_CHEAP_BINDS = 50  # each costs 0.2 ms, and the kernel's table makes many of them quadratic
_MOST_BINDS = 300
_SMALL = 1 << 20  # bytes; beyond the cheap binds, files up to this size are copied

# Names at the top of a project that no step reads: repository, our own state, results, interpreter.
NEVER_READ = frozenset({".git", ".release", "release", ".venv", "__pycache__"})


@frozen
class Mounts:
    """`binds` are files or whole folders to show read-only, `copies` files to copy: (source, relative path).

    A copy stands in for a bind where there are too many of them. It is not a hard link: linking changes the
    ctime of the source, and with it every digest index.
    """

    binds: tuple[tuple[Path, str], ...]
    copies: tuple[tuple[Path, str], ...]


def parents(paths: Iterable[str]) -> frozenset[str]:
    """Every folder above the relative POSIX `paths`, without the root itself."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(found)


def plan_reads(root: Path, reads: Collection[str], writes: Iterable[str]) -> Mounts:
    """Show `reads` and nothing else: a folder with nothing undeclared inside and no write is shown whole.

    Symlinks are followed, so the files of a Hugging Face cache appear at the names that they were declared
    by. Raises CommandFailed for a read that is no file.
    """
    declared: dict[str, set[str]] = {}
    for read in reads:
        folder, _, name = read.rpartition("/")
        declared.setdefault(folder, set()).add(name)
    above = parents(reads)
    written = parents(writes)
    subfolders: dict[str, list[str]] = {}
    for folder in sorted(above):
        subfolders.setdefault(folder.rpartition("/")[0], []).append(folder)
    known: dict[str, bool] = {}

    def whole(folder: str) -> bool:
        if folder not in known:
            known[folder] = folder not in written and all(
                whole(f"{folder}/{entry.name}")
                if entry.is_dir(follow_symlinks=False) and f"{folder}/{entry.name}" in above
                else entry.is_file(follow_symlinks=False) and entry.name in declared.get(folder, ())
                for entry in _entries(root / folder)
            )
        return known[folder]

    folders: list[str] = []
    files: list[str] = []
    pending = [""]
    while pending:
        folder = pending.pop()
        if folder and whole(folder):
            folders.append(folder)
            continue
        files.extend(f"{folder}/{name}" if folder else name for name in declared.get(folder, ()))
        pending.extend(subfolders.get(folder, ()))
    return _share_out(root, sorted(folders), sorted(files))


def plan_project(root: Path, writes: Iterable[str]) -> Mounts:
    """Show the whole project but for what no step may read and what `writes` are about to be."""
    written = set(writes)
    opened = parents(written)
    binds: list[tuple[Path, str]] = []
    pending = [""]
    while pending:
        folder = pending.pop()
        for entry in _entries(root / folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if path in written or (not folder and path in NEVER_READ):
                continue
            if path in opened:
                pending.append(path)
            elif Path(entry.path).exists():  # a dangling link cannot be bound
                binds.append((Path(entry.path), path))
    return Mounts(binds=tuple(sorted(binds)), copies=())


def copy_into(folder: Path, copies: Iterable[tuple[Path, str]]) -> None:
    """Copy files to their relative paths below `folder`."""
    for source, path in copies:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o555 if os.access(source, os.X_OK) else 0o444)


def link_into(folder: Path, mounts: Mounts, *, through: str = "") -> None:
    """Show `mounts` below `folder` without a sandbox: folders and large files by symlink, the rest by copy.

    A script must be a copy: Python follows a link to find the modules beside it, declared or not. Folders
    are linked in the mirror of the whole file system at `through`, if there is one.
    """
    for source, path in (*mounts.binds, *mounts.copies):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file() and source.stat().st_size <= _SMALL:
            copy_into(folder, [(source, path)])
            continue
        try:
            prefix = through if source.is_dir() else ""
            target.symlink_to(f"{prefix}{source.resolve()}")
        except OSError:  # Windows, without the right to make symlinks
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                copy_into(folder, [(source, path)])


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _share_out(root: Path, folders: list[str], files: list[str]) -> Mounts:
    if len(folders) > _MOST_BINDS:
        files = sorted({*files, *(path for folder in folders[_MOST_BINDS:] for path in _below(root, folder))})
        folders = folders[:_MOST_BINDS]
    sizes: dict[str, int] = {}
    for path in files:
        try:
            found = (root / path).stat()
        except OSError as error:
            raise CommandFailed("a declared read cannot be read", found=f"{path}: {error.strerror}") from None
        if not stat.S_ISREG(found.st_mode):
            raise CommandFailed("a declared read is not a file", found=path)
        sizes[path] = found.st_size
    largest = sorted(files, key=lambda path: (-sizes[path], path))
    room = max(_MOST_BINDS - len(folders), 0)
    cheap = min(room, max(_CHEAP_BINDS - len(folders), 0))
    bound = largest[:cheap] + [path for path in largest[cheap:room] if sizes[path] > _SMALL]
    copied = sorted(set(files).difference(bound))
    return Mounts(
        binds=tuple((root / path, path) for path in (*folders, *sorted(bound))),
        copies=tuple((root / path, path) for path in copied),
    )


def _below(root: Path, folder: str) -> list[str]:
    return [path.relative_to(root).as_posix() for path in (root / folder).rglob("*") if path.is_file()]
