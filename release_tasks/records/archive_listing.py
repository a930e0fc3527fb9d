"""What stands in an archive that somebody else wrote: names as written, digests of plain files."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen_positional


@frozen_positional
class Member:
    """One entry: its name as written, digest and size of a plain file; `other` is what it is instead.

    A folder has neither a digest nor `other`.
    """

    name: str
    sha256: Digest | None
    size: int
    other: str | None = None


@frozen_positional
class Listing:
    """All members in their order, and the bytes of those that were asked for."""

    members: tuple[Member, ...]
    kept: Mapping[str, bytes]

    @property
    def files(self) -> dict[str, Member]:
        """The plain files by name."""
        return {member.name: member for member in self.members if member.sha256 is not None}
