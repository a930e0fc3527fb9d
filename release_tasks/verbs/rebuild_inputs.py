"""Files that a rebuild needs and git does not hold, found by digest: never by name alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from release_tasks.records.digest import Digest
from release_tasks.records.identity import tree_digest
from release_tasks.records.lock import Lock
from release_tasks.records.manifest import Manifest
from release_tasks.records.step import Tree, tree_matches
from release_tasks.stages.workspace import Workspace
from release_tasks.system.hashing import digest_file
from release_tasks.system.index import DigestIndex
from release_tasks.system.rebuild_store import RebuildStore
from release_tasks.system.storage import storage_errors

_POINTER = b"version https://git-lfs.github.com/spec/"  # git-lfs(1): what git holds of a large file
_LINKED = 1 << 20  # bytes; larger files are linked, not copied: nothing below a place is ever written to


class Sources:
    """Where files may come from by digest: the release, the store, the working tree, folders of the user.

    `supplied` are the paths of all files that were laid out so: they are given, never a match.
    """

    def __init__(
        self,
        *,
        release: tuple[Path, Manifest],
        store: RebuildStore,
        working: DigestIndex,
        folders: Sequence[Path],
    ) -> None:
        folder, manifest = release
        self._released = {file.entry.sha256: folder / file.path for file in manifest.files}
        self._store = store
        self._working = working
        self._folders = tuple(folders)
        self._seen: dict[Path, Digest | None] = {}
        self.supplied: set[str] = set()

    def is_released(self, digest: Digest) -> bool:
        """Whether the release itself holds a file of this digest."""
        return digest in self._released

    def find(self, path: str, digest: Digest) -> Path | None:
        """A file of this digest; `path` is the declared one, where it is looked for first."""
        released = self._released.get(digest)
        if released is not None:
            return released
        stored = self._store.output(digest)
        if stored is not None:
            return stored
        if self._working.sha256(path) == digest:
            return self._working.locate(path)
        return next((file for file in self._candidates(path) if self._digest(file) == digest), None)

    def find_tree(
        self, tree: Tree, digest: Digest, held: Mapping[str, Digest], made: frozenset[str]
    ) -> Mapping[str, Path] | None:
        """The files of a glob, by declared path, of the working tree or of a folder that has it as a whole.

        `held` are files that git holds, which a folder need not have. `made` are files that steps make: the
        first build left them there, and they are no inputs.
        """
        found = self._working.tree_digests(Tree(tree.patterns, optional=True))
        here = {path: sha for path, sha in found if path not in made}
        if tree_digest((path, sha.hex) for path, sha in here.items()) == digest:
            return {path: self._working.locate(path) for path in here}
        for folder in self._folders:
            there = {path: file for path, file in _members(folder, tree) if path not in made}
            whole = {path: sha.hex for path, file in there.items() if (sha := self._digest(file))}
            whole |= {path: sha.hex for path, sha in held.items()}
            if tree_digest(whole.items()) == digest:
                return there
        return None

    def _candidates(self, path: str) -> Iterator[Path]:
        inside = path.partition(":")[2] or path
        name = inside.rpartition("/")[2]
        for folder in self._folders:
            if (folder / inside).is_file():
                yield folder / inside
        for folder in self._folders:
            files = [file for file in folder.rglob("*") if file.is_file()]
            yield from sorted(files, key=lambda file: (file.name != name, str(file)))

    def _digest(self, file: Path) -> Digest | None:
        if file not in self._seen:
            self._seen[file] = digest_file(file, blake3=False).sha256
        return self._seen[file]


def _members(folder: Path, tree: Tree) -> Iterator[tuple[str, Path]]:
    """The files of a folder that a glob matches, by the path under which the project declares them."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for pattern in tree.patterns:
        root, colon, glob = pattern.rpartition(":")
        inner = Tree((glob,))
        yield from ((root + colon + name, file) for name, file in files.items() if tree_matches(inner, name))


def frozen_inputs(lock: Lock | None) -> Mapping[str, Digest]:
    """The digests that release.lock has of files and globs, by the name under which a step reads them."""
    return {} if lock is None else {**dict(lock.inputs.files), **dict(lock.inputs.trees)}


def _less(tree: Tree, workspace: Workspace, made: frozenset[str], whole: Digest) -> Digest:
    """The digest of a glob less the files that steps make; `whole` is that of all its files."""
    if not any(tree_matches(tree, path) for path in made):
        return whole
    entries = workspace.index.tree_digests(Tree(tree.patterns, optional=True))
    return tree_digest((path, digest.hex) for path, digest in entries if path not in made)


def is_lacking(path: str, workspace: Workspace) -> bool:
    """Whether git does not hold a file: it is not there, or only the pointer of git-lfs(1) is."""
    if workspace.index.sha256(path) is None:
        return True
    with workspace.index.locate(path).open("rb") as stream:
        return stream.read(len(_POINTER)) == _POINTER


def supply(source: Path, target: Path) -> None:
    """Show `source` at `target`, in place of whatever stands there: small files copied, large ones linked."""
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if source.stat().st_size > _LINKED:
            try:
                target.symlink_to(source)
            except OSError:  # Windows, without the right to make links
                pass
            else:
                return
        shutil.copyfile(source, target)


def supply_output(path: str, wanted: Digest, workspace: Workspace, sources: Sources) -> bool:
    """Lay out a file of the project by its digest; False when there is none to be had."""
    if workspace.index.sha256(path) == wanted:
        return True
    source = sources.find(path, wanted)
    if source is None:
        return False
    supply(source, workspace.index.locate(path))
    sources.supplied.add(path)
    workspace.index.forget()
    return workspace.index.sha256(path) == wanted


def supply_reads(
    reads: Iterable[str | Tree],
    workspace: Workspace,
    sources: Sources,
    frozen: Mapping[str, Digest],
    made: frozenset[str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lay out declared reads that no step makes and git does not hold, as release.lock froze them.

    Returns the names that were given so, and those that could not be found. What the commit holds stays as it
    is, whatever the lock says of it: that is the source. `made` are files that steps make, which are the
    caller's to lay out.
    """
    given: list[str] = []
    missing: list[str] = []
    for path in reads:
        if isinstance(path, Tree):
            given_tree, lost = _supply_tree(path, workspace, sources, frozen, made)
            given += given_tree
            missing += lost
            continue
        if path in made:
            continue
        if path in sources.supplied:
            given.append(path)
            continue
        wanted = frozen.get(path)
        if workspace.index.sha256(path) is not None and (wanted is None or not is_lacking(path, workspace)):
            continue
        if wanted is not None and supply_output(path, wanted, workspace, sources):
            given.append(path)
        else:
            missing.append(path if wanted is None else f"{path} ({wanted.short})")
    if given:
        workspace.index.forget()
    return tuple(given), tuple(missing)


def _supply_tree(
    tree: Tree, workspace: Workspace, sources: Sources, frozen: Mapping[str, Digest], made: frozenset[str]
) -> tuple[list[str], list[str]]:
    name = "|".join(tree.patterns)
    wanted = frozen.get(name)
    found = workspace.index.tree(Tree(tree.patterns, optional=True))
    if wanted is None and (found.files or tree.optional):
        return [], []
    if wanted == _less(tree, workspace, made, found.digest):
        given = any(tree_matches(tree, path) for path in sources.supplied - made)
        return [name] if given else [], []
    files = None if wanted is None else sources.find_tree(tree, wanted, _held(tree, workspace, made), made)
    if files is None:
        return [], [name if wanted is None else f"{name} ({wanted.short})"]
    lacking = [path for path in files if is_lacking(path, workspace)]
    for path in lacking:
        supply(files[path], workspace.index.locate(path))
    sources.supplied.update(lacking)
    return [name] if lacking else [], []


def _held(tree: Tree, workspace: Workspace, made: frozenset[str]) -> dict[str, Digest]:
    """The files of a glob that git holds itself."""
    found = workspace.index.tree_digests(Tree(tree.patterns, optional=True))
    return {path: sha for path, sha in found if path not in made and not is_lacking(path, workspace)}
