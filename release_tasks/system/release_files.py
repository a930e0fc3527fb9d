"""The files of a release by path, whether it is a directory, a tar or a zip: for whoever compares them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from release_tasks.errors import IntegrityError
from release_tasks.policy.release_check import Checked, check_release
from release_tasks.records.digest import Digest
from release_tasks.records.manifest import Manifest
from release_tasks.system.release_archive import read_release_archive, unpack_members
from release_tasks.system.release_tree import read_release_tree
from release_tasks.system.storage import open_regular


@dataclass(frozen=True, slots=True)
class ReleaseFiles:
    """A release that was read whole: what verification says, and the BLAKE3 of every file that is there."""

    place: Path
    checked: Checked
    manifest: Manifest
    digests: dict[str, Digest]
    unpacked: Path | None

    def ready(self, paths: frozenset[str]) -> None:
        """Unpack these files out of an archive, once; of a directory they are where they are."""
        if self.unpacked is not None:
            unpack_members(self.place, paths & self.digests.keys(), self.unpacked)

    def path(self, name: str) -> Path:
        """Where a file can be opened; one of an archive must be `ready`."""
        return (self.unpacked or self.place) / name

    def read(self, name: str) -> bytes | None:
        """The bytes that were hashed, None for a file that is not there; IntegrityError for other bytes."""
        digest = self.digests.get(name)
        if digest is None:
            return None
        fd, _ = open_regular(self.path(name))
        with open(fd, "rb") as stream:  # noqa: PTH123 - it is open already
            data = stream.read()
        found = Digest("blake3", blake3(data).hexdigest())
        if found != digest:
            raise IntegrityError(
                "the file changed while the releases were compared",
                wanted=str(digest),
                found=str(found),
                where=str(self.path(name)),
            )
        return data


def read_release_files(place: Path, *, unpacked: Path) -> ReleaseFiles:
    """Read and check a release; an archive is to be unpacked below `unpacked`, an empty folder.

    Raises ConfigError when there is none, IntegrityError when its manifest cannot be read, StorageError when
    the system refuses. Everything else that is wrong is a problem of `checked`.
    """
    is_archive = place.is_file()
    contents = read_release_archive(place) if is_archive else read_release_tree(place)
    checked = check_release(contents)
    if checked.manifest is None:
        (first, *_) = checked.problems
        raise IntegrityError(
            "not a release that can be compared",
            wanted="a release directory, tar or zip with a manifest",
            found=f"{first.code} {first.path}: {first.found}",
            where=str(place),
        )
    return ReleaseFiles(
        place=place,
        checked=checked,
        manifest=checked.manifest,
        digests={file.path: file.blake3 for file in contents.files if file.blake3 is not None},
        unpacked=unpacked if is_archive else None,
    )
