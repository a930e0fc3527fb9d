"""`rollback`: let `current` lead to an earlier published version, verified first; nothing is deleted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from release_tasks.config.publishing import find_destination
from release_tasks.config.schema import Destination, Release
from release_tasks.errors import ConfigError, GateRefused, IntegrityError
from release_tasks.policy.rollback_plan import CURRENT, RollbackRow, Target, plan_rollback, refuse_target
from release_tasks.policy.tag_message import message_fields
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.receipt import RECEIPTS, AliasMove, move_json
from release_tasks.records.version import Version, parse_version
from release_tasks.registries.protocol import Registry, Told
from release_tasks.stages.plan import EXPERIMENTS, RELEASES
from release_tasks.system.alias_history import append_move, read_moves
from release_tasks.system.clock import now
from release_tasks.system.disk import remove_tree
from release_tasks.system.git import tag_message
from release_tasks.system.receipts import read_receipt
from release_tasks.system.storage import storage_errors
from release_tasks.system.yank_file import read_yank
from release_tasks.verbs.publish import open_registry


@frozen
class RollbackReport:
    """The plan, or what was done; `root` is that of the target, which every destination was read for."""

    name: str
    version: str
    root: str
    applied: bool
    rows: tuple[RollbackRow, ...]

    def to_json(self) -> JSONObject:
        """Write the report as the one object that `--json` prints."""
        rows: list[JSON] = [
            {
                "destination": row.destination,
                "alias": row.alias,
                "move": None if row.move is None else move_json(row.move),
            }
            for row in self.rows
        ]
        return {
            "schema_version": 1,
            "name": self.name,
            "version": self.version,
            "root": self.root,
            "applied": self.applied,
            "rows": rows,
        }


@frozen
class _Place:
    """A destination that is open, and the name under which `current` is held there."""

    destination: Destination
    registry: Registry
    alias: str


def rollback(
    release: Release,
    text: str,
    *,
    names: tuple[str, ...],
    apply: bool,
    environ: Mapping[str, str],
    told: Told,
) -> RollbackReport:
    """Plan to lead `current` to the version `text`, and with `apply` do it, everywhere or at `names`.

    The version is verified in full at every destination before the first alias moves. Raises ConfigError for
    no version or destination, GateRefused for a version that is yanked, an experiment or not published,
    IntegrityError for one that does not verify, RegistryError and StorageError when a destination fails.
    """
    version = parse_version(text, release.scheme, where="rollback VERSION")
    attestations = release.root / RELEASES / f"{version.text}.attestations"
    refuse_target(_target(release, version, attestations))
    with contextlib.ExitStack() as held:
        places = list(_open(release, names, held, environ=environ, told=told))
        if apply:
            for place in places:
                held.enter_context(place.registry.held())
        roots = [_verified(release, version, place, attestations) for place in places]
        pointers = [
            (place.destination.name, place.alias, place.registry.read_alias(place.alias)) for place in places
        ]
        rows = plan_rollback(version.text, pointers)
        if apply:
            _apply(rows, {place.destination.name: place for place in places}, attestations)
    return RollbackReport(
        name=release.name, version=version.text, root=str(roots[0]), applied=apply, rows=rows
    )


def _target(release: Release, version: Version, attestations: Path) -> Target:
    yank = read_yank(attestations)
    experiment = (release.root / EXPERIMENTS / version.text).is_dir()
    return Target(
        version=version.text,
        yanked=None if yank is None else yank.reason,
        experimental=experiment and not (release.root / RELEASES / version.text).is_dir(),
    )


def _open(
    release: Release,
    names: tuple[str, ...],
    held: contextlib.ExitStack,
    *,
    environ: Mapping[str, str],
    told: Told,
) -> Iterator[_Place]:
    """Open the destinations that are meant, by name; those of all that hold no alias are left out."""
    chosen = [find_destination(release, name) for name in sorted(set(names))] or list(release.publish)
    found = 0
    for destination in chosen:
        if destination.scheme == "file":
            if names:
                raise ConfigError(
                    f"{destination.name} is a file: nothing leads to a version there",
                    wanted="a directory: or github: destination",
                    found=destination.uri,
                    where="rollback --to",
                )
            continue
        registry, scratch = open_registry(release, destination, environ=environ, told=told)
        held.callback(remove_tree, scratch)
        alias = registry.held_as(CURRENT)
        if alias is not None:
            found += 1
            yield _Place(destination=destination, registry=registry, alias=alias)
    if not found:
        raise ConfigError(
            "no destination holds an alias",
            wanted="a table [publish.<name>] with a directory: or github: uri",
            found="none",
            where=release.file.name,
        )


def _verified(release: Release, version: Version, place: _Place, attestations: Path) -> Digest:
    """The root of the version where it is published, which must be the one that its seal names."""
    receipt = read_receipt(attestations, place.destination.name)
    tag = version.tag_name(release.name)
    stated = message_fields(tag_message(release.root, tag)).get("root") if receipt is None else None
    wanted = receipt.root if receipt is not None else parse_digest(stated) if stated else None
    if wanted is None:
        raise GateRefused(
            f"{version.text} is not known to be published at {place.destination.name}",
            wanted=f"a receipt of {place.destination.name}, or the tag {tag} with a root",
            found="neither",
            where=f"{RELEASES}/{version.text}.attestations/{RECEIPTS}",
            hint="'git fetch --tags' brings the tag; a version that was never published cannot be current",
        )
    found = place.registry.check(version, tag)
    if found != wanted:
        raise IntegrityError(
            f"{version.text} at {place.destination.name} is not the release that was published",
            wanted=f"root {wanted}",
            found=f"root {found}",
            where=place.destination.uri,
            hint="do not lead anybody there; find out who changed it",
        )
    return found


def _apply(rows: tuple[RollbackRow, ...], places: Mapping[str, _Place], attestations: Path) -> None:
    """Move the aliases; each move is written down beside the receipts before it is made, once."""
    for row in rows:
        if row.move is None:
            continue
        at = now()
        file = attestations / RECEIPTS / f"{row.destination}.moves.jsonl"
        with storage_errors(file):
            file.parent.mkdir(parents=True, exist_ok=True)
        if _last(file) != row.move:
            append_move(file, row.move, by="rollback", at=at)
        places[row.destination].registry.move_alias(row.move, by="rollback", at=at)


def _last(file: Path) -> AliasMove | None:
    """The move that was written down last, perhaps by a run that was killed before it made it."""
    moves = read_moves(file)
    return moves[-1] if moves else None
