"""Which file of one release stands for which file of another."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.records.frozen_record import frozen
from release_tasks.records.manifest import Manifest, ManifestFile


@frozen
class FilePair:
    """One file on both sides; None on the side that has it not."""

    before: ManifestFile | None
    after: ManifestFile | None

    @property
    def file(self) -> ManifestFile:
        """The file as it is after, else as it was."""
        one = self.after or self.before
        if one is None:
            raise AssertionError("BUG: a file is on one side at least")
        return one


def pair_files(before: Manifest, after: Manifest) -> tuple[FilePair, ...]:
    """Pair files by path, the rest of one role by path without the version, as GGUF names have it.

    Sorted by the path after, else before.
    """
    old = {file.path: file for file in before.files}
    new = {file.path: file for file in after.files}
    pairs = [FilePair(before=old.pop(path), after=new.pop(path)) for path in sorted(old.keys() & new.keys())]
    left, right = _by_place(old, before), _by_place(new, after)
    places = sorted(left.keys() | right.keys())
    pairs += (FilePair(before=left.get(place), after=right.get(place)) for place in places)
    return tuple(sorted(pairs, key=lambda pair: pair.file.path))


def _by_place(files: Mapping[str, ManifestFile], manifest: Manifest) -> dict[tuple[str, str], ManifestFile]:
    """Files by role and path without the version; one whose place another file has keeps its path."""
    found: dict[tuple[str, str], ManifestFile] = {}
    for path, file in sorted(files.items()):
        place = (file.role, path.replace(manifest.version, "VERSION"))
        found[place if place not in found else (file.role, f"{path}\0{manifest.version}")] = file
    return found
