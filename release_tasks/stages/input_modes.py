"""The inputs whose permission bits count: every artifact, and every single file that a command is given."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.config.declared import is_glob
from release_tasks.config.layout import tree_names
from release_tasks.config.schema import Release
from release_tasks.records.step import Tree
from release_tasks.system.file_modes import unsafe_modes
from release_tasks.system.index import DigestIndex


def _declared(release: Release) -> Iterator[str]:
    yield from (path for _, path, _ in tree_names(release.artifacts))
    yield from filter(is_glob, release.artifacts.extra)
    commands = [step.reads for step in release.steps]
    commands += [release.smoke.reads] if release.smoke else []
    for reads in commands:
        yield from (path for path in reads if not is_glob(path))


def input_modes(release: Release, index: DigestIndex) -> tuple[tuple[str, str], ...] | None:
    """Every such input with unsafe bits and what they are, None where the system has none.

    Globs of data are not looked at: asking for the bits of 100,000 records would cost every run that has
    nothing to do. Raises ConfigError for a glob of artifacts.extra that matches nothing.
    """
    names: dict[str, None] = {}
    for declared in _declared(release):
        found = index.tree_files(Tree((declared,))) if is_glob(declared) else (declared,)
        names.update(dict.fromkeys(found))
    return unsafe_modes({name: index.locate(name) for name in names})


def modes_fact(release: Release, index: DigestIndex) -> str:
    """The same as a fact of the step that looks at modes: changing bits changes no digest."""
    found = input_modes(release, index)
    return "no such bits" if found is None else "; ".join(f"{name}: {what}" for name, what in found) or "safe"
