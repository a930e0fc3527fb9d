"""Where aliases lead: read in folders that are at hand, else told by the records here; never a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from release_tasks.config.publishing import place_of
from release_tasks.config.schema import Destination, Release
from release_tasks.errors import ReleaseError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.receipt import RECEIPTS, AliasMove, Receipt
from release_tasks.registries.alias_links import read_link
from release_tasks.stages.plan import RELEASES
from release_tasks.system.alias_history import read_history

_MOVES = ".moves.jsonl"


@frozen
class Pointers:
    """The aliases of one destination and the version that each names, sorted.

    `seen` tells that they were read where they are; else they are what receipts and moves here say.
    `problems` are aliases and records that cannot be read.
    """

    destination: str
    versions: tuple[tuple[str, str], ...]
    seen: bool
    problems: tuple[str, ...] = ()


def alias_pointers(release: Release, receipts: Iterable[Receipt]) -> tuple[Pointers, ...]:
    """Every destination that has aliases, sorted by name; folders of `directory:` are looked into."""
    problems: dict[str, list[str]] = {}
    recorded = _recorded(receipts, _moves(release.root, problems))
    declared = {item.name: item for item in release.publish}
    names = sorted({*recorded, *declared, *problems})
    found = [_pointers(release, name, declared.get(name), recorded, problems.get(name, ())) for name in names]
    return tuple(item for item in found if item.versions or item.problems)


def _moves(base: Path, problems: dict[str, list[str]]) -> Iterator[tuple[str, str, AliasMove]]:
    """Time, destination and move of every rollback that was written down beside a release."""
    for file in sorted((base / RELEASES).glob(f"*.attestations/{RECEIPTS}/*{_MOVES}")):
        name = file.name.removesuffix(_MOVES)
        try:
            yield from ((at, name, move) for at, move in read_history(file))
        except ReleaseError:
            problems.setdefault(name, []).append(f"{file.relative_to(base).as_posix()} cannot be read")


def _recorded(
    receipts: Iterable[Receipt], moves: Iterable[tuple[str, str, AliasMove]]
) -> dict[str, dict[str, str]]:
    """The version to which each alias was moved last; of one second, a rollback came after a publication."""
    published = (
        (item.published_at, item.destination, move) for item in receipts for move in item.aliases or ()
    )
    found: dict[str, dict[str, str]] = {}
    for _, name, move in sorted([*published, *moves], key=lambda event: event[0]):
        found.setdefault(name, {})[move.alias] = move.version
    return found


def _pointers(
    release: Release,
    name: str,
    declared: Destination | None,
    recorded: dict[str, dict[str, str]],
    problems: Sequence[str],
) -> Pointers:
    home = None
    if declared is not None and declared.scheme == "directory":
        home = place_of(release, declared) / release.name
    if declared is None or home is None or not home.is_dir():
        versions = tuple(sorted(recorded.get(name, {}).items()))
        return Pointers(destination=name, versions=versions, seen=False, problems=tuple(problems))
    seen: dict[str, str] = {}
    unread: list[str] = []
    for alias in sorted({*declared.aliases, *recorded.get(name, {})}):
        try:
            version = read_link(home, alias)
        except ReleaseError as error:
            unread.append(error.what)
            continue
        if version is not None:
            seen[alias] = version
    return Pointers(
        destination=name, versions=tuple(sorted(seen.items())), seen=True, problems=(*problems, *unread)
    )
