"""List the files of a tree, safely and fast: everything, or what a glob matches."""

# Paths stay strings here: 100,000 Path objects cost more than the system calls.
# ruff: noqa: PTH114, PTH112, PTH116, PTH118
from __future__ import annotations

import fnmatch
import os
import re
import stat
from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter

from release_tasks.errors import IntegrityError
from release_tasks.records.frozen_record import frozen_positional
from release_tasks.system.stat_key import StatKey, stat_key
from release_tasks.system.storage import not_regular, storage_error, storage_errors

Found = tuple[str, StatKey]
_Match = Callable[[str], object]
_MAGIC = re.compile(r"[*?\[]")
_SHOWN = 20  # offenders named in one error
_NAME = attrgetter("name")
_NUMBERS = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")  # in the order of StatKey
_TYPE, _REGULAR = 0o170000, stat.S_IFREG  # stat.S_ISREG without the call
_WORD = 1 << 64
_KEPT = 10_000  # entries of a folder that are worth their memory, some 600 bytes each


def walk_regular(root: str | os.PathLike[str]) -> list[str]:
    """Sorted relative POSIX paths of all files below `root`; raises as `scan`, but makes no stat."""
    return sorted(entry_path for entry_path, _entry in _walk(os.fspath(root)))


def scan(root: str | os.PathLike[str]) -> list[Found]:
    """Every file below `root` with its stat key, sorted by relative POSIX path, hidden files too.

    Raises IntegrityError naming every symbolic link and special file, StorageError when the system refuses.
    """
    root = os.fspath(root)
    with storage_errors(root):
        return sorted((path, stat_key(entry.stat(follow_symlinks=False))) for path, entry in _walk(root))


def _walk(root: str) -> list[tuple[str, os.DirEntry[str]]]:
    files: list[tuple[str, os.DirEntry[str]]] = []
    refused: list[str] = []
    folders = [(root, "")]
    while folders:
        folder, prefix = folders.pop()
        with storage_errors(folder), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    files.append((prefix + entry.name, entry))
                elif entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    refused.append(
                        f"{prefix}{entry.name} ({'link' if entry.is_symlink() else 'special file'})"
                    )
    if refused:
        more = f"\nand {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
        raise IntegrityError(
            "a tree holds something that is neither a file nor a folder",
            wanted="regular files and folders only",
            found="\n".join(sorted(refused)[:_SHOWN]) + more,
            where=root,
            hint="replace links by the files they point to and remove the rest",
        )
    return files


@frozen_positional
class Listing:
    """Files as two columns: relative POSIX paths, and for each path the five numbers of its StatKey.

    The order is the same whenever the files are the same. Columns, because a check that nothing has changed
    needs no object for each file: twice as fast on 100,000 files. Unsigned numbers of 64 bits are wrapped.
    """

    paths: list[str]
    numbers: array[int]

    def entries(self) -> list[Found]:
        """Each file with its stat key, sorted by path."""
        numbers = iter(self.numbers)
        rows = zip(numbers, numbers, numbers, numbers, numbers, strict=True)
        keys = [StatKey(*row[:3], row[3] % _WORD, row[4] % _WORD) for row in rows]
        return sorted(zip(self.paths, keys, strict=True))


def columns(entries: Sequence[Found]) -> Listing:
    """Write files with their stat keys as columns, in the order given."""
    return Listing([path for path, _ in entries], _words([key for _, key in entries]))


def _words(keys: Sequence[tuple[int, ...]]) -> array[int]:
    try:
        return array("q", chain.from_iterable(keys))
    except OverflowError:
        wrapped = [(number + _WORD // 2) % _WORD - _WORD // 2 for number in chain.from_iterable(keys)]
        return array("q", wrapped)


def expand_glob(root: str | os.PathLike[str], pattern: str) -> list[Found]:
    """Files below `root` that `pattern` matches, with stat keys, sorted by path; all else as `list_glob`."""
    return list_glob(root, pattern).entries()


class Folders:
    """The entries of folders by name, with what `stat` said of them, for patterns that go the same ways."""

    def __init__(self) -> None:
        self._entries: dict[str, list[os.DirEntry[str]]] = {}

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What is in a folder, sorted by name; raises StorageError when the system refuses."""
        if folder in self._entries:
            return self._entries[folder]
        with storage_errors(folder), os.scandir(folder) as entries:
            found = sorted(entries, key=_NAME)
        if len(found) <= _KEPT:
            self._entries[folder] = found
        return found

    def forget(self) -> None:
        """Look at the disk again."""
        self._entries.clear()


def list_glob(root: str | os.PathLike[str], pattern: str, folders: Folders | None = None) -> Listing:
    """List the files below `root` that `pattern` matches; `folders` keeps what was seen of them.

    `*`, `?`, `[...]`, `[!...]` match within one component, case-sensitively; `**` as a whole component spans
    any number of folders, none included, and at the end all files below. Hidden names (leading dot) are
    matched only by a component that starts with a dot. A link to a file counts as that file; a link to a
    folder is not entered. Raises IntegrityError for a matching special file and for a literal folder of the
    pattern that is a link, StorageError when the system refuses (a link that leads nowhere).
    """
    root = os.fspath(root)
    parts = pattern.split("/")
    literal = 0
    while literal < len(parts) - 1 and not _MAGIC.search(parts[literal]):
        literal += 1
    start = root
    for part in parts[:literal]:
        start = os.path.join(start, part)
        if os.path.islink(start):
            raise IntegrityError(
                "not a regular folder",
                wanted="a real folder",
                found="a symbolic link",
                where=start,
                hint="name the folder that the link points to",
            )
    found = Listing([], array("q"))
    if not os.path.isdir(start):
        return found
    prefix = "".join(f"{part}/" for part in parts[:literal])
    glob = _Glob(parts[literal:])
    seen = folders or Folders()
    ahead = [(start, prefix, glob.close({0}))]
    while ahead:
        folder, below, state = ahead.pop()
        _list_folder(folder, below, state, glob=glob, found=found, ahead=ahead, seen=seen)
    return found


_State = frozenset[int]


class _Glob:
    """A pattern as a small automaton: a state is the set of components that may match next."""

    def __init__(self, parts: list[str]) -> None:
        while parts[-2:] == ["**", "**"]:
            parts = parts[:-1]
        self.last = len(parts) - 1
        self.spans = [part == "**" for part in parts]
        self.matchers = [_matcher(part) for part in parts]

    def close(self, state: set[int]) -> _State:
        """`**` may match no folder at all, so the component after it may match next, too."""
        for index in sorted(state):
            while index < self.last and self.spans[index]:
                index += 1  # noqa: PLW2901 - walks over a run of `**`
                state.add(index)
        return frozenset(state)

    def enter(self, state: _State, folder: str) -> _State:
        """The state inside a folder of that name; empty when nothing below can match."""
        after: set[int] = set()
        for index in state:
            if self.matchers[index](folder):
                if self.spans[index]:
                    after.add(index)
                elif index < self.last:
                    after.add(index + 1)
        return self.close(after)

    def file_matcher(self, state: _State) -> _Match | None:
        """What a file name must match in this state, or None when no file can."""
        return self.matchers[self.last] if self.last in state else None


def _matcher(part: str) -> _Match:
    if part in {"*", "**"}:
        return _is_visible
    if not _MAGIC.search(part):
        return part.__eq__
    if part[0] == "*" and not _MAGIC.search(part[1:]):  # the usual `*.json`, at half the time
        ending = part[1:]
        return lambda name: name.endswith(ending) and name[0] != "."
    match = re.compile(fnmatch.translate(part)).match
    if part.startswith("."):
        return match
    return lambda name: name[0] != "." and match(name)


def _is_visible(name: str) -> bool:
    return name[0] != "."


def _list_folder(
    folder: str,
    prefix: str,
    state: _State,
    *,
    glob: _Glob,
    found: Listing,
    ahead: list[tuple[str, str, _State]],
    seen: Folders,
) -> None:
    matches = glob.file_matcher(state)
    files: list[os.DirEntry[str]] = []
    with storage_errors(folder):
        for entry in seen.entries(folder):
            if entry.is_dir(follow_symlinks=False):
                below = glob.enter(state, entry.name)
                if below:
                    ahead.append((entry.path, f"{prefix}{entry.name}/", below))
            elif matches is not None and matches(entry.name):
                files.append(entry)
        states = [entry.stat(follow_symlinks=False) for entry in files]
    if any([status.st_mode & _TYPE != _REGULAR for status in states]):  # noqa: C419 - a list is twice as fast
        real = [_regular(entry.path, status) for entry, status in zip(files, states, strict=True)]
        files = [entry for entry, status in zip(files, real, strict=True) if status is not None]
        states = [status for status in real if status is not None]
    found.paths.extend([prefix + entry.name for entry in files])
    found.numbers.extend(_words(list(map(_NUMBERS, states))))


def _regular(path: str, status: os.stat_result) -> os.stat_result | None:
    """The stat of a file, that of the file a link leads to, None for a link to a folder."""
    if stat.S_ISLNK(status.st_mode):
        try:
            status = os.stat(path)
        except OSError as error:
            raise storage_error(error, path) from error
        if stat.S_ISDIR(status.st_mode):
            return None
    if not stat.S_ISREG(status.st_mode):
        raise not_regular(status.st_mode, path)
    return status
