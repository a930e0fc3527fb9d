"""What publishing asks of a place where releases go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol

from release_tasks.errors import IntegrityError, SealedError
from release_tasks.policy.release_check import check_release
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.receipt import AliasMove, ReceiptFile
from release_tasks.records.release_contents import Contents
from release_tasks.records.version import Scheme, Version

Kind = Literal["release", "attestation", "bundle", "page"]
Told = Callable[[str, str], None]  # what happens (send, there, check, wait), and to which file


@frozen
class Item:
    """One local file to publish; `path` is inside the release or its attestations, else a bare name.

    Digests are those of the verified bytes: whatever arrives elsewhere must have them.
    """

    kind: Kind
    path: str
    source: Path
    size: int
    sha256: Digest
    blake3: Digest


@frozen
class Shipment:
    """All that is published of one version.

    `tag_object` is the id of its annotated tag, None without one; `notes` is text in Markdown for places that
    show some. Items are sorted by kind and path.
    """

    name: str
    version: Version
    tag: str
    tag_object: str | None
    root: Digest
    exact_root: Digest
    items: tuple[Item, ...]
    notes: str

    @property
    def stem(self) -> str:
        """Name of the release's folder in archives."""
        return f"{self.name}-{self.version.text}"

    def of(self, *kinds: Kind) -> tuple[Item, ...]:
        """The items of some kinds."""
        return tuple(item for item in self.items if item.kind in kinds)


@frozen
class Opening:
    """What a registry is opened with: name and scheme of versions of the release, and where its URI leads.

    `place` is the folder or file of a URI that names one, `own` whether that lies in the project, so that it
    is made when it is missing. `scratch` is a folder, not yet there, for what is made on the way.
    """

    name: str
    scheme: Scheme
    target: str
    place: Path | None
    own: bool
    scratch: Path
    environ: Mapping[str, str]
    told: Told


class Registry(Protocol):
    """One destination of one release; everything raises RegistryError or StorageError when it cannot.

    Publishing calls `published`, `stage`, `verify`, `finish` in this order, then moves aliases; a rerun after
    a kill calls the same again, and each looks first at what is there.
    """

    def held_as(self, alias: str) -> str | None:
        """The name under which an alias is held here, None where it cannot be."""

    def held(self) -> AbstractContextManager[object]:
        """Keep other publications of this release away from the place, as far as the place can."""

    def published(self, shipment: Shipment) -> tuple[ReceiptFile, ...] | None:
        """Read back what is there under the version; None for nothing, SealedError for other bytes."""

    def stage(self, shipment: Shipment) -> None:
        """Send what is not there yet to where nobody sees it."""

    def verify(self, shipment: Shipment) -> None:
        """Read back all that was staged; IntegrityError for the first file that is not what was sent."""

    def finish(self, shipment: Shipment) -> tuple[ReceiptFile, ...]:
        """Make what was verified visible under its version, in one step."""

    def check(self, version: Version, tag: str) -> Digest:
        """Verify a published version in full where it is; its root. IntegrityError when it does not hold."""

    def read_alias(self, alias: str) -> str | None:
        """The version that an alias names, None where it names nothing."""

    def move_alias(self, move: AliasMove, *, by: str, at: str) -> None:
        """Set an alias in one step and keep the move on record; it may be there already."""

    def moves(self, alias: str) -> tuple[AliasMove, ...]:
        """The moves of an alias on record here, oldest first."""


def same_bytes(version: str, wanted: Mapping[str, Digest], found: Mapping[str, Digest], where: str) -> None:
    """Raise SealedError for the first file that is missing, more or other than what would be published."""
    for path in sorted(wanted.keys() | found.keys()):
        if wanted.get(path) != found.get(path):
            raise SealedError(
                f"{version} is published already, with other bytes",
                wanted=f"{path}: {wanted.get(path) or 'no such file'}",
                found=f"{path}: {found.get(path) or 'no such file'}",
                where=where,
                hint="a published version never changes: raise release.version with 'doit bump'",
            )


def checked_root(contents: Contents, where: str) -> Digest:
    """The root of a release that was read; raises IntegrityError with its first problem."""
    check = check_release(contents)
    if check.problems or check.root is None:
        first = check.problems[0]
        raise IntegrityError(
            f"the published release does not verify: {first.code}",
            wanted=first.wanted,
            found=first.found,
            where=f"{where}: {first.path}",
        )
    return check.root
