"""May a release go to a destination, and which aliases follow it (R4, R24, C15, C25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from release_tasks.config.schema import Destination
from release_tasks.errors import ConfigError, GateRefused
from release_tasks.records.frozen_record import frozen
from release_tasks.records.receipt import AliasMove
from release_tasks.records.version import Version, parse_version

CI = "CI"  # set by every CI system; what this variable says is what `ci_only` believes
LATEST = "latest"
_PRODUCTION = ("model", "patch")
_MODEL = "model/"


@frozen
class Pointer:
    """Where an alias is at a destination: the version it names, and its recorded moves, oldest first."""

    alias: str
    version: str | None
    moves: tuple[AliasMove, ...]


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether a CI system runs us: CI is set, and neither 0 nor false."""
    return environ.get(CI, "").casefold() not in {"", "0", "false"}


def refuse_destination(
    destination: Destination, *, release_type: str, contract: str, environ: Mapping[str, str]
) -> None:
    """Raise GateRefused when this kind of release may not go there, or not from here.

    `contract` is that of the candidate's manifest: a patch is of a model when it has a model's.
    """
    where = f"release.toml: publish.{destination.name}"
    if release_type == "experimental":
        raise GateRefused(
            "an experiment is never published",
            wanted="type model, patch, dataset or tooling",
            found="type experimental",
            where="release.toml: release.type",
            hint="release it under a type that is meant to be used",
        )
    if destination.production and (release_type not in _PRODUCTION or not contract.startswith(_MODEL)):
        raise GateRefused(
            f"{destination.name} is a production destination",
            wanted="a model, or a patch of a model",
            found=f"type {release_type}, contract {contract}",
            where=where,
            hint="publish it to a destination without production = true",
        )
    if destination.ci_only and not in_ci(environ):
        raise GateRefused(
            f"only CI may publish to {destination.name}",
            wanted=f"the environment variable {CI}, which every CI system sets",
            found=f"{CI} is not set" if CI not in environ else f"{CI}={environ[CI]}"[:100],
            where=f"{where}.ci_only",
            hint="let the release job publish it",
        )


def plan_aliases(pointers: Sequence[Pointer], version: Version) -> tuple[AliasMove, ...]:
    """The moves that a publication makes, by alias: `latest` only forward by precedence, others always.

    A pre-release moves none. An alias that is there already was moved by a run that was cut short; one that
    was there and is elsewhere now was moved away on purpose, and stays.
    """
    if version.prerelease:
        return ()
    moves = [
        AliasMove(alias=pointer.alias, before=_before(pointer, version.text), version=version.text)
        for pointer in sorted(pointers, key=lambda pointer: pointer.alias)
        if (pointer.alias != LATEST or _forward(pointer.version, version))
        and (pointer.version == version.text or all(move.version != version.text for move in pointer.moves))
    ]
    return tuple(moves)


def _before(pointer: Pointer, version: str) -> str | None:
    if pointer.version != version:
        return pointer.version
    if not pointer.moves:
        return None
    last = pointer.moves[-1]
    return last.before if last.version == version else last.version


def _forward(current: str | None, version: Version) -> bool:
    """Whether the version does not precede what `latest` names; what is no version of ours is left alone."""
    if current is None:
        return True
    try:
        return version >= parse_version(current, version.scheme)
    except ConfigError:
        return False
