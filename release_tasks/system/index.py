"""The digest index: what every task of a run knows about the bytes of files, each hashed at most once.

A stored digest counts while (size, mtime_ns, ctime_ns, inode, device) are equal and the file was not touched
within the clock's granularity of the moment at which hashing began (the racy rule). A file is flushed before
it is hashed, because a dirty mapped page changes bytes without changing the key.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from release_tasks.config.declared import is_glob
from release_tasks.errors import ConfigError, PathError
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.frozen_record import frozen_positional
from release_tasks.records.identity import tree_digest
from release_tasks.records.step import Tree
from release_tasks.system.hashing import FileDigests, digest_file, digest_many
from release_tasks.system.stat_key import GRANULARITY_NS, StatKey, is_racy, stat_key
from release_tasks.system.state import StateDatabase
from release_tasks.system.walk import Folders, Listing, columns, list_glob

_TIMES = ("mtime_ns", "ctime_ns")
_WORTH_A_PAUSE = 4 << 20  # bytes; to hash a larger file twice costs more than to wait for the next tick
# What a glob that starts at the root of the project never means: results, state and history.
_OWN_FOLDERS = ("release/", ".release/", ".git/")


@dataclass(frozen=True, slots=True)
class Known:
    """A digest and what the file looked like when it was computed; `began_ns` is when the read began."""

    key: StatKey
    began_ns: int
    hex: str

    def holds(self, key: StatKey) -> bool:
        """Tell whether the digest still counts for a file that now has this key."""
        return self.key == key and not is_racy(key, self.began_ns)


@frozen_positional
class TreeState:
    """What a Tree was: digest over sorted (path, sha256), number of files, total size in bytes."""

    digest: Digest
    files: int
    size: int


def _known(digests: FileDigests) -> Known:
    if digests.sha256 is None:
        raise AssertionError("BUG: the index asked for SHA-256 and got none")
    return Known(digests.key, digests.began_ns, digests.sha256.hex)


def leave_tick(key: StatKey) -> None:
    """Wait, 10 ms at the most, until a digest of the file as it is now would not be racy."""
    rest = max(key.mtime_ns, key.ctime_ns) + GRANULARITY_NS - time.time_ns()
    if 0 <= rest <= GRANULARITY_NS:
        time.sleep((rest + 1_000_000) / 1e9)


def _dump(known: Known) -> str:
    key = known.key
    fields = (key.size, key.mtime_ns, key.ctime_ns, key.inode, key.device, known.began_ns)
    return f"{' '.join(map(str, fields))} {known.hex}"


def _parse(text: str) -> Known:
    *numbers, hex_digits = text.split(" ")
    size, mtime, ctime, inode, device, began = map(int, numbers)
    return Known(StatKey(size, mtime, ctime, inode, device), began, hex_digits)


class DigestIndex:
    """Digests of files and trees below one project, remembered across runs and shared by its processes."""

    def __init__(self, database: StateDatabase, root: Path, roots: dict[str, Path] | None = None) -> None:
        self._database = database
        self._root = root
        self._roots = roots or {}
        self._base = f"{root}{os.sep}"
        self._memo: dict[str, Known] = {}
        self._trees: dict[Tree, tuple[TreeState, Listing]] = {}
        self._folders = Folders()

    def locate(self, path: str) -> Path:
        """Turn a declared path, `a/b` or `NAME:a/b`, into an absolute one."""
        name, colon, rest = path.partition(":")
        if colon and name in self._roots:
            return self._roots[name] / rest
        return self._root / path  # also for a file outside that doit names by a path with a colon

    def place(self, path: str) -> str:
        """`locate` as a string: thousands of them, on every run."""
        return str(self.locate(path)) if ":" in path else self._base + path

    def forget(self) -> None:
        """Drop what this run has seen, so that the next question looks at the disk again."""
        self._memo.clear()
        self._trees.clear()
        self._folders.forget()

    def sha256(self, path: str) -> Digest | None:
        """Digest of a declared file, or None when there is no such file; links are followed."""
        located = self.place(path)
        try:
            key = stat_key(located)
        except OSError:
            return None
        known = self._memo.get(path)
        if known is not None and known.holds(key):
            return sha256(known.hex)
        stored = self._stored(path)
        if stored is None or not stored.holds(key):
            if key.size > _WORTH_A_PAUSE:
                leave_tick(key)
            stored = _known(digest_file(located, blake3=False, sync=True, follow=True))
            self._database.put([(f"file/{path}", _dump(stored))])
        self._memo[path] = stored
        return sha256(stored.hex)

    def remember_moved(self, moved: Sequence[tuple[str, FileDigests, StatKey]]) -> None:
        """Record files by path that were digested and then renamed; the key is from just after the rename.

        A rename moves ctime and nothing else, so a digest that was not racy before it counts after it:
        whoever writes later moves mtime too.
        """
        known = []
        for path, digests, key in moved:
            same = key._replace(ctime_ns=0) == digests.key._replace(ctime_ns=0)
            if same and not is_racy(digests.key, digests.began_ns):
                counts_ns = max(key.mtime_ns, key.ctime_ns) + GRANULARITY_NS + 1
                known.append((path, Known(key, counts_ns, _known(digests).hex)))
        self.remember_many(known)

    def remember_many(self, known: Sequence[tuple[str, Known]]) -> None:
        """Record many such digests in one commit."""
        self._database.put([(f"file/{path}", _dump(item)) for path, item in known])
        for path, _ in known:
            self._memo.pop(path, None)

    def _stored(self, path: str) -> Known | None:
        text = self._database.get(f"file/{path}")
        try:
            return None if text is None else _parse(text)
        except (ValueError, TypeError):
            return None

    def tree(self, tree: Tree) -> TreeState:
        """Digest of a Tree as it is now; one row of state answers for all its files when none was touched."""
        if tree in self._trees:
            return self._trees[tree][0]
        listing = self._list(tree)
        fingerprint, newest = _look(listing)
        row = f"tree/{'|'.join(tree.patterns)}"
        text = self._database.get(row)
        if text is not None and text.startswith(fingerprint + " "):
            _, began, digest, files, size = text.split(" ")
            if not is_racy(StatKey(0, newest, newest, 0, 0), int(began)):
                state = TreeState(sha256(digest), int(files), int(size))
                self._trees[tree] = (state, listing)
                return state
        began_ns = time.time_ns()
        entries = listing.entries()
        digests = self._digest_entries(entries)
        state = TreeState(tree_digest(digests), len(entries), sum(key.size for _, key in entries))
        self._database.put([(row, f"{fingerprint} {began_ns} {state.digest.hex} {state.files} {state.size}")])
        self._trees[tree] = (state, listing)
        return state

    def tree_files(self, tree: Tree) -> tuple[str, ...]:
        """The declared paths that a Tree matches now, sorted."""
        return tuple(sorted(self._list(tree).paths))

    def expand(self, declared: Iterable[str]) -> tuple[str, ...]:
        """Every file behind declared files and globs, sorted; raises ConfigError for an empty glob."""
        found: set[str] = set()
        for item in declared:
            found.update(self.tree_files(Tree((item,))) if is_glob(item) else (item,))
        return tuple(sorted(found))

    def tree_digests(self, tree: Tree) -> tuple[tuple[str, Digest], ...]:
        """The files of a Tree with their digests, sorted by path."""
        entries = self._list(tree).entries()
        return tuple((path, sha256(digest)) for path, digest in self._digest_entries(entries))

    def _list(self, tree: Tree) -> Listing:
        if tree in self._trees:
            return self._trees[tree][1]
        lists: list[Listing] = []
        for pattern in tree.patterns:
            name, colon, rest = pattern.partition(":")
            base = self._roots[name] if colon else self._root
            matches = list_glob(base, rest if colon else pattern, self._folders)
            _refuse_names(matches.paths)
            if colon:
                matches = Listing([f"{name}:{path}" for path in matches.paths], matches.numbers)
            elif is_glob(pattern.partition("/")[0]):
                matches = columns([it for it in matches.entries() if not it[0].startswith(_OWN_FOLDERS)])
            if not matches.paths and not tree.optional:
                raise ConfigError(
                    f"the pattern {pattern} matches no file",
                    wanted="at least one file",
                    found=f"none below {base}",
                    hint="correct the pattern, or make the files that it should match",
                )
            lists.append(matches)
        found = lists[0]
        if len(lists) > 1:
            found = columns(sorted(dict(chain.from_iterable(part.entries() for part in lists)).items()))
        return found

    def _digest_entries(self, entries: Sequence[tuple[str, StatKey]]) -> list[tuple[str, str]]:
        stored = self._stored_many([path for path, _ in entries])
        missing = [(path, key) for path, key in entries if path not in stored or not stored[path].holds(key)]
        fresh: list[tuple[str, Known]] = []
        if missing:
            digests = digest_many(
                [self.place(path) for path, _ in missing], blake3=False, sync=True, follow=True
            )
            for (path, _), result in zip(missing, digests, strict=True):
                fresh.append((path, _known(result)))
            self._database.put([(f"file/{path}", _dump(known)) for path, known in fresh])
        stored.update(fresh)
        return [(path, stored[path].hex) for path, _ in entries]

    def _stored_many(self, paths: Sequence[str]) -> dict[str, Known]:
        if not paths:
            return {}
        wanted = set(paths)
        prefix = _common_prefix(paths[0], paths[-1])
        known: dict[str, Known] = {}
        for row, text in self._database.scan(f"file/{prefix}"):
            path = row.removeprefix("file/")
            if path in wanted:
                try:
                    known[path] = _parse(text)
                except (ValueError, TypeError):
                    continue
        return known


def _refuse_names(paths: Sequence[str]) -> None:
    """Refuse what no declared path can be (K15): bytes that are not UTF-8, the colon that marks a root."""
    text = "".join(paths)
    if text.isascii() and ":" not in text:
        return
    for path in sorted(paths):
        is_text = not any("\ud800" <= char <= "\udfff" for char in path)
        if ":" in path or not is_text:
            raise PathError(
                "a file has a name with a colon" if is_text else "a file has a name that is not UTF-8",
                wanted="names in UTF-8 without a colon",
                found=ascii(path)[1:-1][:200],
                hint="rename the file, or narrow the pattern that matches it",
            )


def _common_prefix(first: str, last: str) -> str:
    count = 0
    for left, right in zip(first, last, strict=False):
        if left != right:
            break
        count += 1
    return first[:count]


def _look(listing: Listing) -> tuple[str, int]:
    """A fingerprint of paths and stat keys, and the newest time among them in nanoseconds.

    Numbers go into the hash as machine words: to format them took longer than all system calls of a tree.
    """
    hasher = hashlib.blake2b("\0".join(listing.paths).encode("utf-8"), digest_size=20)
    hasher.update(b"\0")
    hasher.update(listing.numbers)
    width = len(StatKey._fields)
    newest = max(max(listing.numbers[at::width], default=0) for at in map(StatKey._fields.index, _TIMES))
    return hasher.hexdigest(), newest
