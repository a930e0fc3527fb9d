"""`directory:FOLDER`: releases side by side in a folder, as `FOLDER/<name>/<version>/` (R20)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from release_tasks.errors import IntegrityError, RegistryError
from release_tasks.records.digest import Digest
from release_tasks.records.receipt import AliasMove, ReceiptFile
from release_tasks.records.version import Version
from release_tasks.registries.alias_links import read_link, write_link
from release_tasks.registries.place_lock import only_publication, require_folder
from release_tasks.registries.protocol import Item, Opening, Shipment, checked_root, same_bytes
from release_tasks.system.alias_history import append_move, read_moves
from release_tasks.system.copying import CopyJob, copy_many
from release_tasks.system.disk import fsync_dir, fsync_tree, remove_tree, remove_unfinished
from release_tasks.system.hashing import digest_file, digest_many
from release_tasks.system.release_tree import read_release_tree
from release_tasks.system.rename import publish_directory, recover
from release_tasks.system.storage import storage_errors
from release_tasks.system.walk import walk_regular

_LOCK = ".publish.lock"
_HISTORY = ".aliases.jsonl"
_READ_ONLY = 0o444


class DirectoryRegistry:
    """A folder on this machine or on a mounted share; beside each version its attestations and bundles."""

    def __init__(self, opening: Opening) -> None:
        if opening.place is None:
            raise AssertionError("BUG: a directory without a place")
        self._place = opening.place
        self._own = opening.own
        self._home = opening.place / opening.name
        self._told = opening.told

    def held_as(self, alias: str) -> str | None:
        """Any alias: each is a link of its own."""
        return alias

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock of this release's folder, which is made; raises RegistryError."""
        require_folder(self._place, own=self._own)
        with storage_errors(self._home):
            self._home.mkdir(parents=True, exist_ok=True)
        with only_publication(self._home / _LOCK, self._home):
            recover(self._home)
            remove_unfinished(self._home)
            yield

    def published(self, shipment: Shipment) -> tuple[ReceiptFile, ...] | None:
        """Read back the version's folder and its bundles in full; None when there is no such version."""
        final = self._home / shipment.version.text
        if not os.path.lexists(final):
            return None
        contents = read_release_tree(final, full=True, tensors=False)
        found = {file.path: file.sha256 for file in contents.files if file.sha256 is not None}
        wanted = {item.path: item.sha256 for item in shipment.of("release")}
        same_bytes(shipment.version.text, wanted, found, str(final))
        checked_root(contents, str(final))
        bundles = shipment.of("bundle")
        there = {item.path: self._digest(self._home / item.path) for item in bundles}
        same_bytes(
            shipment.version.text,
            {item.path: item.sha256 for item in bundles},
            {path: digest for path, digest in there.items() if digest is not None},
            str(self._home),
        )
        beside = self._beside(shipment.version.text)
        return _sorted((*self._receipt(shipment, shipment.of("release", "bundle")), *beside))

    def _beside(self, version: str) -> Iterator[ReceiptFile]:
        """The attestations and the page of a version as they are there: another hand may have sent others."""
        folder = f"{version}.attestations"
        paths = [f"{folder}/{path}" for path in walk_regular(self._home / folder)]
        paths += [name for name in (f"{version}.html",) if (self._home / name).is_file()]
        for path, found in zip(paths, digest_many([self._home / path for path in paths]), strict=True):
            if found.sha256 is None:
                raise AssertionError("BUG: SHA-256 was asked for")
            yield ReceiptFile(path=path, size=found.size, sha256=found.sha256)

    @staticmethod
    def _digest(path: Path) -> Digest | None:
        return digest_file(path).sha256 if os.path.lexists(path) else None

    def stage(self, shipment: Shipment) -> None:
        """Copy what is not staged with the right digests; each is compared as it is written, and flushed."""
        places = self._staged(shipment)
        for folder in self._folders(shipment):
            _remove_others(folder, set(places))
        jobs = []
        for place, item in places.items():
            if self._holds(place, item):
                self._told("there", item.path)
                continue
            remove_tree(place)
            with storage_errors(place):
                place.parent.mkdir(parents=True, exist_ok=True)
            jobs.append((CopyJob(source=item.source, dest=place, mode=_READ_ONLY), item))
        for _, item in jobs:
            self._told("send", item.path)
        for digests, (_, item) in zip(copy_many([job for job, _ in jobs]), jobs, strict=True):
            if (digests.sha256, digests.blake3) != (item.sha256, item.blake3):
                raise _changed(str(item.source), str(item.sha256), str(digests.sha256))
        for folder in self._folders(shipment):
            if folder.is_dir():
                fsync_tree(folder)
        fsync_dir(self._home)

    @staticmethod
    def _holds(place: Path, item: Item) -> bool:
        if not place.is_file() or place.is_symlink():
            return False
        found = digest_file(place)
        return (found.sha256, found.blake3) == (item.sha256, item.blake3)

    def verify(self, shipment: Shipment) -> None:
        """Hash every staged file again, both ways, and check the staged folder as a release."""
        places = self._staged(shipment)
        self._told("check", f"{len(places)} files")
        for (place, item), found in zip(places.items(), digest_many(list(places)), strict=True):
            if (found.sha256, found.blake3) != (item.sha256, item.blake3):
                raise _changed(str(place), str(item.sha256), str(found.sha256))
        staged = self._folder(shipment, "release")
        root = checked_root(read_release_tree(staged, full=True, tensors=False), str(staged))
        if root != shipment.root:
            raise _changed(str(staged), f"root {shipment.root}", f"root {root}")

    def finish(self, shipment: Shipment) -> tuple[ReceiptFile, ...]:
        """Rename attestations and bundles into place, and last the folder that is the version."""
        version = shipment.version.text
        final = self._home / version
        if os.path.lexists(final):
            raise AssertionError(f"BUG: {final} was looked for under the lock")
        attestations = self._folder(shipment, "attestation")
        if attestations.is_dir():
            displaced = publish_directory(attestations, self._home / f"{version}.attestations")
            if displaced is not None:
                remove_tree(displaced)
        with storage_errors(self._home):
            for item in shipment.of("bundle", "page"):
                os.replace(self._folder(shipment, item.kind) / item.path, self._home / item.path)  # noqa: PTH105
        remove_tree(self._folder(shipment, "bundle"))
        fsync_dir(self._home)
        with storage_errors(final):
            os.rename(self._folder(shipment, "release"), final)  # noqa: PTH104 - never onto another version
        fsync_dir(self._home)
        return self._receipt(shipment, shipment.items)

    def check(self, version: Version, tag: str) -> Digest:
        """Verify the folder of a version, every byte with both hashes; IntegrityError without one."""
        del tag
        final = self._home / version.text
        if not os.path.lexists(final):
            raise IntegrityError("not published there", wanted=version.text, where=str(self._home))
        return checked_root(read_release_tree(final, full=True, tensors=False), str(final))

    def read_alias(self, alias: str) -> str | None:
        """The version that the link `<name>/<alias>` leads to."""
        return read_link(self._home, alias)

    def move_alias(self, move: AliasMove, *, by: str, at: str) -> None:
        """Replace the link, then add the move to the record unless it is the last of this alias there."""
        if not (self._home / move.version).is_dir():
            raise RegistryError(
                f"{move.alias} would lead to nothing", wanted=move.version, where=str(self._home)
            )
        if self.read_alias(move.alias) != move.version:
            write_link(self._home, move.alias, move.version)
        made = self.moves(move.alias)
        if not made or made[-1].version != move.version:
            append_move(self._home / _HISTORY, move, by=by, at=at)

    def moves(self, alias: str) -> tuple[AliasMove, ...]:
        """The moves in `<name>/.aliases.jsonl`."""
        return tuple(move for move in read_moves(self._home / _HISTORY) if move.alias == alias)

    def _folder(self, shipment: Shipment, kind: str) -> Path:
        ending = {"release": "", "attestation": ".attestations"}.get(kind, ".bundles")
        return self._home / f".staging-{shipment.version.text}{ending}"

    def _folders(self, shipment: Shipment) -> tuple[Path, ...]:
        return tuple(self._folder(shipment, kind) for kind in ("release", "attestation", "bundle"))

    def _staged(self, shipment: Shipment) -> dict[Path, Item]:
        return {self._folder(shipment, item.kind) / item.path: item for item in shipment.items}

    @staticmethod
    def _receipt(shipment: Shipment, items: tuple[Item, ...]) -> tuple[ReceiptFile, ...]:
        """What lies below `FOLDER/<name>`; each was read back with this digest."""
        version = shipment.version.text
        folder = {"release": f"{version}/", "attestation": f"{version}.attestations/"}
        files = [
            ReceiptFile(path=folder.get(item.kind, "") + item.path, size=item.size, sha256=item.sha256)
            for item in items
        ]
        return _sorted(files)


def _sorted(files: Iterable[ReceiptFile]) -> tuple[ReceiptFile, ...]:
    return tuple(sorted(files, key=lambda file: file.path))


def _remove_others(folder: Path, wanted: set[Path]) -> None:
    """What an interrupted publication of other bytes has left."""
    with storage_errors(folder):
        found = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    for path in found:
        if path not in wanted:
            remove_tree(path)


def _changed(where: str, wanted: str, found: str) -> IntegrityError:
    return IntegrityError(
        "the copy is not what was verified",
        wanted=wanted,
        found=found,
        where=where,
        hint="something writes to these files; run again when it has stopped",
    )
