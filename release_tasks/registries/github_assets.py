"""What of a release becomes an asset of a GitHub release, and under which name (B12, B13)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from release_tasks.formats.stored_gzip import StoredGzip
from release_tasks.formats.tar_archive import write_tar
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.manifest import CHECKSUMS, MANIFEST
from release_tasks.records.paths import refuse_collisions
from release_tasks.registries.carrier import file_member
from release_tasks.registries.protocol import Item, Shipment
from release_tasks.system.hashing import digest_file
from release_tasks.system.storage import storage_errors

_PERFORMANCE = "evidence/bench/"
_DOCUMENTS = "docs/"
_RENAMED = re.compile(r"[^A-Za-z0-9._+@-]")
_CHECKLIST = "docs/RELEASE_CHECKLIST.md"
_MEDIA_TYPES = {
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".sha256": "text/plain",
    ".tar": "application/x-tar",
    ".txt": "text/plain",
    ".zip": "application/zip",
}


@frozen
class Asset:
    """One file as GitHub shall have it; `identity`: it must be the same whoever publishes the version."""

    name: str
    source: Path
    size: int
    sha256: Digest
    identity: bool

    @property
    def media_type(self) -> str:
        """IANA media type by the name."""
        return _MEDIA_TYPES.get(self.source.suffix or Path(self.name).suffix, "application/octet-stream")


def artifacts_name(name: str, version: str) -> str:
    """The name of the archive of all artifacts (B12)."""
    return f"{name}-v{version}-artifacts.tar.gz"


def asset_name(item: Item, tag: str) -> str | None:
    """The flat name of a file on a release page, None for one that only archives hold.

    The checklist bears the tag in its name (B10). GitHub renames what has other characters, or begins or
    ends with a period; here it has a name that GitHub leaves alone, so that it is found again.
    """
    name = _flat_name(item, tag)
    return None if name is None else _RENAMED.sub(".", name).strip(".")


def _flat_name(item: Item, tag: str) -> str | None:
    if item.kind in {"bundle", "page"}:
        return f"{tag}.html" if item.kind == "page" else item.path
    if item.kind != "release":
        return None
    if item.path in {MANIFEST, CHECKSUMS}:
        return item.path
    if item.path == _CHECKLIST:
        return f"RELEASE_CHECKLIST_{tag}.md"
    if item.path.startswith(_DOCUMENTS):
        return item.path.removeprefix(_DOCUMENTS).replace("/", "-")
    if item.path.startswith(_PERFORMANCE) and item.path.endswith(".json"):
        return "bench-" + item.path.removeprefix(_PERFORMANCE).replace("/", "-")
    return None


def make_assets(shipment: Shipment, scratch: Path) -> tuple[Asset, ...]:
    """All assets sorted by name; the archives among them are written below the folder `scratch`.

    Raises PathError when two files would have one name there.
    """
    assets = [
        Asset(name=name, source=item.source, size=item.size, sha256=item.sha256, identity=item.kind != "page")
        for item in shipment.items
        if (name := asset_name(item, shipment.tag)) is not None
    ]
    assets += _archives(shipment, scratch)
    refuse_collisions([asset.name for asset in assets], where=f"the release page of {shipment.tag}")
    return tuple(sorted(assets, key=lambda asset: asset.name))


def _archives(shipment: Shipment, scratch: Path) -> Iterator[Asset]:
    artifacts = scratch / artifacts_name(shipment.name, shipment.version.text)
    with storage_errors(artifacts), artifacts.open("wb") as out:
        packed = StoredGzip(out)
        members = [file_member(item, item.path) for item in shipment.of("release")]
        write_tar(cast("BinaryIO", packed), shipment.stem, members)
        packed.finish()
    yield _made(artifacts, identity=True)
    attested = shipment.of("attestation")
    if attested:
        archive = scratch / f"{shipment.stem}.attestations.tar"
        with storage_errors(archive), archive.open("wb") as out:
            write_tar(
                out, f"{shipment.version.text}.attestations", [file_member(i, i.path) for i in attested]
            )
        yield _made(archive, identity=False)


def _made(path: Path, *, identity: bool) -> Asset:
    found = digest_file(path, blake3=False)
    if found.sha256 is None:
        raise AssertionError("BUG: SHA-256 was asked for")
    return Asset(name=path.name, source=path, size=found.size, sha256=found.sha256, identity=identity)
