"""An offline bundle: a canonical tar of a release with what belongs to it, for carrying (R20).

Below its one top folder `<name>-<version>/` it holds `<version>/`, which is the release, then
`<version>.attestations/`, the checksums of the bundles and `VERIFY.txt`. Attestations come first, and no
release holds such a folder: that is how the two kinds of archive are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from release_tasks.errors import FormatError
from release_tasks.formats.archive_member import ReadMember

HOW = "VERIFY.txt"
_ATTESTATIONS = ".attestations"
_CHECKSUM = ".sha256"
_HOW = """{stem}: a release of release_tasks, carried with its attestations.

Verify this file as it is, without a network:

    release-tasks verify {file} --root {root}

The root must come to you on another way than this file: from the annotated git tag {tag},
or from a person you trust. Without it the files are shown to be consistent, not to be genuine.

After unpacking (tar -xf {file}), {version}/ is the release and can be verified in the same way;
`sha256sum -c --strict checksum.txt` inside it needs no other program. {version}.attestations/ holds what was
attested of it: its acceptance, and a report of its rebuild from scratch.
"""


def how_to_verify(*, stem: str, version: str, tag: str, root: str, file: str) -> bytes:
    """Render VERIFY.txt for the bundle `file`."""
    return _HOW.format(stem=stem, version=version, tag=tag, root=root, file=file).encode()


def released_members(members: Iterator[ReadMember]) -> Iterator[ReadMember]:
    """The members of the release in an archive: all of them, or those of an offline bundle's release.

    Raises FormatError when an offline bundle carries anything that does not belong to it.
    """
    version: str | None = None
    for number, member in enumerate(members):
        if number == 0:
            version = _carried(member)
        if version is None:
            yield member
        elif member.path.startswith(f"{version}/"):
            yield replace(member, path=member.path[len(version) + 1 :])
        elif not _belongs(member, version):
            raise FormatError(
                "an offline bundle carries a file that does not belong to it",
                wanted=f"the release, its attestations, checksums of bundles and {HOW}",
                found=ascii(member.path)[1:-1][:200],
                where=f"member {member.path}",
            )


def _carried(first: ReadMember) -> str | None:
    """The version of an offline bundle by its first member; None for an archive that is a release."""
    folder, slash, _ = first.path.partition("/")
    version = folder.removesuffix(_ATTESTATIONS)
    return version if slash and version != folder and first.folder.endswith(f"-{version}") else None


def _belongs(member: ReadMember, version: str) -> bool:
    if member.path.startswith(f"{version}{_ATTESTATIONS}/") or member.path == HOW:
        return True
    return member.path.startswith(f"{member.folder}.") and member.path.endswith(_CHECKSUM)
