"""The record of an alias's moves: JSON Lines that only grow, beside the alias and beside the receipts."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.json_value import JSON
from release_tasks.records.receipt import AliasMove, move_json
from release_tasks.system.disk import write_atomic
from release_tasks.system.storage import storage_errors


def read_moves(file: Path) -> tuple[AliasMove, ...]:
    """Every recorded move, oldest first; raises FormatError for a damaged record."""
    return tuple(move for _, move in read_history(file))


def read_history(file: Path) -> tuple[tuple[str, AliasMove], ...]:
    """Every recorded move with its time (RFC 3339), oldest first; raises as `read_moves`."""
    with storage_errors(file):
        lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
    return tuple(_parse(line, f"{file}:{number}") for number, line in enumerate(lines, 1))


def _parse(line: bytes, where: str) -> tuple[str, AliasMove]:
    match parse_canonical(line, where=where):
        case {
            "alias": str() as alias,
            "from": None | str() as before,
            "to": str() as version,
            "by": str(),
            "at": str() as at,
            **rest,
        } if not rest:
            return at, AliasMove(alias=alias, before=before, version=version)
        case _:
            raise FormatError(
                "not a record of moves that release_tasks writes",
                wanted="alias, from, to, by and at in each line",
                where=where,
            )


def append_move(file: Path, move: AliasMove, *, by: str, at: str) -> None:
    """Add a move, who made it (publish, rollback) and when, as RFC 3339.

    The file is replaced as a whole, so that no kill leaves half a line.
    """
    row: dict[str, JSON] = {**move_json(move), "by": by, "at": at}
    with storage_errors(file):
        old = file.read_bytes() if file.is_file() else b""
    write_atomic(file, old + dump_canonical(row))
