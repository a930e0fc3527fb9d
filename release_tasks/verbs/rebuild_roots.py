"""Folders of `[roots]` in a rebuild: one inside the repository comes from its commit, others by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from release_tasks.config.schema import Release


def roots_in_repository(release: Release, *, project: Path, repository: Path) -> dict[str, str]:
    """Where each root lies that the repository holds: by name, its path there, ending with a slash.

    `project` is the project's folder in the clone, from which relative paths start. The repository itself
    has the path "".
    """
    found = {}
    top = repository.resolve()
    for root in release.roots:
        folder = (project / root.path).resolve()
        if folder.is_relative_to(top):
            found[root.name] = "".join(f"{part}/" for part in folder.relative_to(top).parts)
    return found


def place_roots(release: Release, inside: Mapping[str, str], *, copy: Path, place: Path) -> Release:
    """Say where the roots are for a rebuild: in the `copy` of the repository, or laid out below `place`."""
    return replace(
        release,
        roots=tuple(
            replace(
                root,
                path=str(copy / inside[root.name] if root.name in inside else place / "roots" / root.name),
            )
            for root in release.roots
        ),
    )
