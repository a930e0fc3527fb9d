"""`file:FILE.tar`: an offline bundle, one tar with all that a person elsewhere needs to verify (R20)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from release_tasks.errors import IntegrityError, SealedError
from release_tasks.formats.archive_member import Member
from release_tasks.formats.offline_bundle import HOW, how_to_verify
from release_tasks.formats.tar_archive import write_tar
from release_tasks.policy.release_check import check_release
from release_tasks.records.digest import Digest
from release_tasks.records.receipt import AliasMove, ReceiptFile
from release_tasks.records.version import Version
from release_tasks.registries.place_lock import only_publication, require_folder
from release_tasks.registries.protocol import Item, Opening, Shipment, checked_root
from release_tasks.system.disk import fsync_dir, remove_tree
from release_tasks.system.hashing import digest_file
from release_tasks.system.release_archive import read_release_archive
from release_tasks.system.storage import storage_errors

_CHECKSUM = ".sha256"


class CarrierRegistry:
    """One file; it has no aliases, and what is in it is one version."""

    def __init__(self, opening: Opening) -> None:
        if opening.place is None:
            raise AssertionError("BUG: a file without a place")
        self._final = opening.place
        self._staged = opening.place.with_name(f".{opening.place.name}.staging")
        self._own = opening.own
        self._told = opening.told

    def held_as(self, alias: str) -> str | None:
        """No alias."""
        del alias
        return None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a lock beside the file, in a folder that is there; raises RegistryError."""
        folder = self._final.parent
        require_folder(folder, own=self._own)
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with only_publication(self._final.with_name(f".{self._final.name}.lock"), self._final):
            yield

    def published(self, shipment: Shipment) -> tuple[ReceiptFile, ...] | None:
        """Read the file that is there; None for none, SealedError for another release or version."""
        if not os.path.lexists(self._final):
            return None
        check = check_release(read_release_archive(self._final, full=True, tensors=False))
        if check.root != shipment.root:
            manifest = check.manifest
            theirs = "no release" if manifest is None else f"{manifest.name} {manifest.version}"
            other = manifest is not None and manifest.version != shipment.version.text
            raise SealedError(
                f"there is another file already: {theirs}",
                wanted=f"root {shipment.root}",
                found=f"root {check.root}" if check.root is not None else "no root",
                where=str(self._final),
                hint="write {version} in the file's name of the uri, so that each version has its own"
                if other
                else "a published version never changes: raise release.version with 'doit bump'",
            )
        return self._receipt()

    def stage(self, shipment: Shipment) -> None:
        """Write the tar beside its final name, anew after an interrupted run, and flush it."""
        remove_tree(self._staged)
        for item in shipment.of("release", "attestation"):
            self._told("send", item.path)
        with storage_errors(self._staged), self._staged.open("xb") as out:
            write_tar(out, shipment.stem, _members(shipment, self._final.name))
            out.flush()
            os.fsync(out.fileno())
        fsync_dir(self._staged.parent)

    def verify(self, shipment: Shipment) -> None:
        """Read the staged tar as `verify` would on the other side."""
        self._told("check", self._final.name)
        root = self._root(self._staged)
        if root != shipment.root:
            raise IntegrityError(
                "the offline bundle is not what was verified",
                wanted=f"root {shipment.root}",
                found=f"root {root}",
                where=str(self._staged),
                hint="something writes to these files; run again when it has stopped",
            )

    def finish(self, shipment: Shipment) -> tuple[ReceiptFile, ...]:
        """Give the tar its name."""
        del shipment
        with storage_errors(self._final):
            os.replace(self._staged, self._final)  # noqa: PTH105 - atomic on every system
        fsync_dir(self._final.parent)
        return self._receipt()

    def check(self, version: Version, tag: str) -> Digest:
        """Verify the file in full; raises IntegrityError when it holds another version."""
        del version, tag
        return self._root(self._final)

    def read_alias(self, alias: str) -> str | None:
        """None: a file has no aliases."""
        del alias
        return None

    def move_alias(self, move: AliasMove, *, by: str, at: str) -> None:
        """Refuse: `held_as` says that there are none."""
        raise AssertionError(f"BUG: {move.alias} by {by} at {at}: a file has no aliases")

    def moves(self, alias: str) -> tuple[AliasMove, ...]:
        """No moves."""
        del alias
        return ()

    @staticmethod
    def _root(path: Path) -> Digest:
        return checked_root(read_release_archive(path, full=True, tensors=False), str(path))

    def _receipt(self) -> tuple[ReceiptFile, ...]:
        found = digest_file(self._final, blake3=False)
        if found.sha256 is None:
            raise AssertionError("BUG: SHA-256 was asked for")
        return (ReceiptFile(path=self._final.name, size=found.size, sha256=found.sha256),)


def _open(path: Path) -> BinaryIO:
    return path.open("rb", buffering=0)


def file_member(item: Item, path: str) -> Member:
    """A local file as the member `path` of an archive."""
    return Member(path=path, size=item.size, open=partial(_open, item.source))


def _members(shipment: Shipment, file: str) -> list[Member]:
    version = shipment.version.text
    how = how_to_verify(
        stem=shipment.stem, version=version, tag=shipment.tag, root=str(shipment.root), file=file
    )
    folders = {"release": f"{version}/", "attestation": f"{version}.attestations/"}
    members = [
        file_member(item, folders.get(item.kind, "") + item.path)
        for item in shipment.of("release", "attestation", "bundle")
        if item.kind != "bundle" or item.path.endswith(_CHECKSUM)
    ]
    return [*members, Member(path=HOW, size=len(how), open=partial(BytesIO, how))]
