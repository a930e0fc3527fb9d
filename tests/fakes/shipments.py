"""A small release that is ready to be published, without the work of building one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from blake3 import blake3

from release_tasks.formats.checksum_file import dump_checksums
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.version import parse_version
from release_tasks.registries.protocol import Item, Kind, Opening, Shipment
from tests.fakes.release_tree import NAME, VERSION, archive, release_files, root_of, write_release

TAG_OBJECT = "1" * 40


def item(kind: Kind, path: str, source: Path) -> Item:
    """Describe a local file as it is."""
    data = source.read_bytes()
    return Item(
        kind=kind,
        path=path,
        source=source,
        size=len(data),
        sha256=Digest("sha256", hashlib.sha256(data).hexdigest()),
        blake3=Digest("blake3", blake3(data).hexdigest()),
    )


def make_shipment(folder: Path, files: dict[str, bytes] | None = None) -> Shipment:
    """Write a release with one bundle, an attestation and a page below `folder`, and list it."""
    files = release_files() if files is None else files
    release = write_release(folder / VERSION, files)
    bundle = folder / f"{NAME}-{VERSION}.tar"
    bundle.write_bytes(archive(files, "tar"))
    digest = sha256(hashlib.sha256(bundle.read_bytes()).hexdigest())
    checksum = folder / f"{bundle.name}.sha256"
    checksum.write_bytes(dump_checksums([(bundle.name, digest)]))
    accepted = folder / "acceptance.json"
    accepted.write_text("{}\n")
    page = folder / f"{VERSION}.html"
    page.write_text("<p>\n")
    items = [item("release", path, release / path) for path in files]
    items += [item("bundle", path.name, path) for path in (bundle, checksum)]
    items += [item("attestation", "acceptance.json", accepted), item("page", page.name, page)]
    return Shipment(
        name=NAME,
        version=parse_version(VERSION),
        tag=f"v{VERSION}",
        tag_object=TAG_OBJECT,
        root=root_of(files),
        exact_root=sha256("0" * 64),
        items=tuple(sorted(items, key=lambda item: (item.kind, item.path))),
        notes="what changed\n",
    )


class Heard:
    """Everything that a registry told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, event: str, file: str) -> None:
        """Keep one event."""
        self.lines.append(f"{event} {file}")

    def sent(self) -> list[str]:
        """What was sent, in order."""
        return [line.removeprefix("send ") for line in self.lines if line.startswith("send ")]


def opening(
    tmp_path: Path, *, place: Path | None = None, target: str = "", environ: dict[str, str] | None = None
) -> tuple[Opening, Heard]:
    """What a registry is opened with, and who listens."""
    heard = Heard()
    opened = Opening(
        name=NAME,
        scheme="semver",
        target=target,
        place=place,
        own=True,
        scratch=tmp_path / "scratch",
        environ=environ or {},
        told=heard,
    )
    return opened, heard
