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
from pathlib import Path

from release_tasks.config.declared import is_glob
from release_tasks.errors import ConfigError
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.identity import tree_digest
from release_tasks.records.step import Tree
from release_tasks.system.walk import expand_glob
from release_tasks.system.hashing import FileDigests, digest_file, digest_many
from release_tasks.system.stat_key import StatKey, is_racy, stat_key
from release_tasks.system.state import StateDatabase


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


@dataclass(frozen=True, slots=True)
class TreeState:
    """What a Tree was: digest over sorted (path, sha256), number of files, total size in bytes."""

    digest: Digest
    files: int
    size: int


def _known(digests: FileDigests) -> Known:
    if digests.sha256 is None:
        raise AssertionError("BUG: the index asked for SHA-256 and got none")
    return Known(digests.key, digests.began_ns, digests.sha256.hex)


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
        self._trees: dict[Tree, tuple[TreeState, tuple[tuple[str, StatKey], ...]]] = {}

    def locate(self, path: str) -> Path:
        """Turn a declared path, `a/b` or `NAME:a/b`, into an absolute one."""
        name, colon, rest = path.partition(":")
        if not colon:
            return self._root / path
        return self._roots[name] / rest

    def _place(self, path: str) -> str:
        """`locate` as a string: thousands of them, on every run."""
        return str(self.locate(path)) if ":" in path else self._base + path

    def forget(self) -> None:
        """Drop what this run has seen, so that the next question looks at the disk again."""
        self._memo.clear()
        self._trees.clear()

    def sha256(self, path: str) -> Digest | None:
        """Digest of a declared file, or None when there is no such file; links are followed."""
        located = self._place(path)
        try:
            key = stat_key(located)
        except OSError:
            return None
        known = self._memo.get(path)
        if known is not None and known.holds(key):
            return sha256(known.hex)
        stored = self._stored(path)
        if stored is None or not stored.holds(key):
            stored = _known(digest_file(located, blake3=False, sync=True, follow=True))
            self._database.put([(f"file/{path}", _dump(stored))])
        self._memo[path] = stored
        return sha256(stored.hex)

    def remember(self, path: str, known: Known) -> None:
        """Record a digest that the caller computed while it read or wrote the file."""
        self._database.put([(f"file/{path}", _dump(known))])
        self._memo.pop(path, None)

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
        entries = self._expand(tree)
        fingerprint = _fingerprint(entries)
        row = f"tree/{'|'.join(tree.patterns)}"
        text = self._database.get(row)
        if text is not None and text.startswith(fingerprint + " "):
            _, began, digest, files, size = text.split(" ")
            if not _any_racy(entries, int(began)):
                state = TreeState(sha256(digest), int(files), int(size))
                self._trees[tree] = (state, entries)
                return state
        began_ns = time.time_ns()
        digests = self._digest_entries(entries)
        state = TreeState(tree_digest(digests), len(entries), sum(key.size for _, key in entries))
        self._database.put([(row, f"{fingerprint} {began_ns} {state.digest.hex} {state.files} {state.size}")])
        self._trees[tree] = (state, entries)
        return state

    def tree_files(self, tree: Tree) -> tuple[str, ...]:
        """The declared paths that a Tree matches now, sorted."""
        return tuple(path for path, _ in self._expand(tree))

    def expand(self, declared: Iterable[str]) -> tuple[str, ...]:
        """Every file behind declared files and globs, sorted; raises ConfigError for an empty glob."""
        found: set[str] = set()
        for item in declared:
            found.update(self.tree_files(Tree((item,))) if is_glob(item) else (item,))
        return tuple(sorted(found))

    def tree_digests(self, tree: Tree) -> tuple[tuple[str, Digest], ...]:
        """The files of a Tree with their digests, sorted by path."""
        return tuple((path, sha256(digest)) for path, digest in self._digest_entries(self._expand(tree)))

    def _expand(self, tree: Tree) -> tuple[tuple[str, StatKey], ...]:
        if tree in self._trees:
            return self._trees[tree][1]
        found: dict[str, StatKey] = {}
        for pattern in tree.patterns:
            name, colon, rest = pattern.partition(":")
            base = self._roots[name] if colon else self._root
            prefix = f"{name}:" if colon else ""
            matches = expand_glob(base, rest if colon else pattern)
            if not colon and is_glob(pattern.partition("/")[0]):
                matches = [found for found in matches if not found[0].startswith(_OWN_FOLDERS)]
            if not matches and not tree.optional:
                raise ConfigError(
                    f"the pattern {pattern} matches no file",
                    wanted="at least one file",
                    found=f"none below {base}",
                    hint="correct the pattern, or make the files that it should match",
                )
            found.update((prefix + path, key) for path, key in matches)
        return tuple(sorted(found.items()))

    def _digest_entries(self, entries: Sequence[tuple[str, StatKey]]) -> list[tuple[str, str]]:
        stored = self._stored_many([path for path, _ in entries])
        missing = [(path, key) for path, key in entries if path not in stored or not stored[path].holds(key)]
        fresh: list[tuple[str, Known]] = []
        if missing:
            digests = digest_many(
                [self._place(path) for path, _ in missing], blake3=False, sync=True, follow=True
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


def _common_prefix(first: str, last: str) -> str:
    count = 0
    for left, right in zip(first, last, strict=False):
        if left != right:
            break
        count += 1
    return first[:count]


def _fingerprint(entries: Sequence[tuple[str, StatKey]]) -> str:
    hasher = hashlib.blake2b(digest_size=20)
    lines = [
        f"{path}\0{key.size} {key.mtime_ns} {key.ctime_ns} {key.inode} {key.device}" for path, key in entries
    ]
    hasher.update("\n".join(lines).encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def _any_racy(entries: Sequence[tuple[str, StatKey]], began_ns: int) -> bool:
    newest = max((max(key.mtime_ns, key.ctime_ns) for _, key in entries), default=0)
    return bool(entries) and is_racy(StatKey(0, newest, newest, 0, 0), began_ns)
