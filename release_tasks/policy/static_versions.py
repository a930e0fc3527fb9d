"""Whether the static files of a project state the version of its release (C6)."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

from release_tasks.errors import IntegrityError

# What stands in git where the tag gives the version (C4, C5): a build puts the real one in its place.
PLACEHOLDERS = frozenset({"0.0.0-dev", "0.0.0.dev0"})


def same_version(stated: str, wanted: str) -> bool:
    """Tell whether two texts are one version: equal, or equal in the normal form of PEP 440 (1.0rc1)."""
    if stated == wanted:
        return True
    try:
        return Version(stated) == Version(wanted)
    except InvalidVersion:
        return False


def leaves_it_to_the_tag(stated: str | None) -> bool:
    """Tell whether a file states no version of its own."""
    return stated is None or stated in PLACEHOLDERS


def version_mismatches(
    stated: Mapping[str, str | None], wanted: str, *, whose: str
) -> tuple[IntegrityError, ...]:
    """One problem for each file (by name) that states another version than `whose`, in their order."""
    return tuple(
        IntegrityError(
            f"{name} states another version than {whose}",
            wanted=wanted,
            found=version,
            where=name,
            hint="change it there, or leave the version to the tag (dynamic, 0.0.0-dev)",
        )
        for name, version in stated.items()
        if version is not None and not leaves_it_to_the_tag(version) and not same_version(version, wanted)
    )
