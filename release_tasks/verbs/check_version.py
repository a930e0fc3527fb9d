"""`check-version`: static files carry the version of the release, on disk or in a commit (C6, C7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from release_tasks.errors import ConfigError, IntegrityError
from release_tasks.formats.static_version import STATIC_FILES, read_static_version
from release_tasks.policy.static_versions import leaves_it_to_the_tag, version_mismatches
from release_tasks.records.frozen_record import frozen


@frozen
class StaticVersions:
    """What every file states, by its name, and what is wrong with it."""

    stated: dict[str, str | None]
    problems: tuple[IntegrityError, ...]


def static_versions(
    read: Callable[[str], bytes | None], names: Iterable[str], wanted: str, *, whose: str
) -> StaticVersions:
    """Compare files with the version `wanted`; without names, those of the usual ones that `read` finds.

    Raises ConfigError for a named file that is not there, FormatError for one that is malformed.
    """
    named = tuple(names)
    stated: dict[str, str | None] = {}
    for name in named or STATIC_FILES:
        data = read(name)
        if data is None and named:
            raise ConfigError(f"{name} is not there", wanted="a file that states a version", where=name)
        if data is not None:
            stated[name] = read_static_version(name, data.decode("utf-8", "replace"))
    return StaticVersions(stated=stated, problems=version_mismatches(stated, wanted, whose=whose))


def on_disk(root: Path) -> Callable[[str], bytes | None]:
    """A reader of files below a folder; None for a file that is not there."""

    def read(name: str) -> bytes | None:
        path = root / name
        return path.read_bytes() if path.is_file() else None

    return read


def render_versions(found: StaticVersions) -> str:
    """One line for each file that is as it should be, and a paragraph for each that is not."""
    wrong = {problem.where for problem in found.problems}
    lines = [
        f"{name}: {'left to the tag' if leaves_it_to_the_tag(version) else version}"
        for name, version in found.stated.items()
        if name not in wrong
    ]
    return "".join(f"{text}\n" for text in (*lines, *map(str, found.problems)))
