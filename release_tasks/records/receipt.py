"""A receipt: what was published of one version, where, and which aliases were moved to it.

The JSON is that of schemas/receipt.schema.json, kept as
`release/<version>.attestations/receipts/<destination>.json`; one such file seals the version.
"""

from __future__ import annotations

from release_tasks.errors import FormatError
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

SCHEMA_VERSION = 1
RECEIPTS = "receipts"  # the folder below the attestations of a version


def receipt_name(destination: str) -> str:
    """Where the receipt of a destination is, relative to the attestations."""
    return f"{RECEIPTS}/{destination}.json"


@frozen
class ReceiptFile:
    """One file as it was read back from the destination: its name there, size in bytes, SHA-256."""

    path: str
    size: int
    sha256: Digest


@frozen
class AliasMove:
    """An alias that was set to a version; `before` is where it was, None when it was nowhere."""

    alias: str
    before: str | None
    version: str


@frozen
class Receipt:
    """One publication; `aliases` is None until they were moved, which comes last.

    `uri` is the destination as declared. `files` are sorted by path. `published_at` is RFC 3339 in UTC, from
    the clock: a receipt is of class attested.
    """

    destination: str
    uri: str
    name: str
    version: str
    root: Digest
    exact_root: Digest
    files: tuple[ReceiptFile, ...]
    aliases: tuple[AliasMove, ...] | None
    published_at: str

    def to_json(self) -> JSONObject:
        """Write the receipt as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "destination": self.destination,
            "uri": self.uri,
            "name": self.name,
            "version": self.version,
            "root": str(self.root),
            "exact_root": str(self.exact_root),
            "files": [
                {"path": file.path, "size": file.size, "sha256": file.sha256.hex} for file in self.files
            ],
            "aliases": None if self.aliases is None else [move_json(move) for move in self.aliases],
            "published_at": self.published_at,
        }


def move_json(move: AliasMove) -> JSONObject:
    """Write one move of an alias as plain JSON."""
    return {"alias": move.alias, "from": move.before, "to": move.version}


def _refuse(found: str, where: str) -> FormatError:
    return FormatError("not a receipt that release_tasks writes", found=found, where=where)


def _file(value: JSON, where: str) -> ReceiptFile:
    match value:
        case {"path": str() as path, "size": int() as size, "sha256": str() as digits, **rest} if (
            not rest and not isinstance(size, bool) and size >= 0
        ):
            return ReceiptFile(path=path, size=size, sha256=Digest("sha256", digits))
        case _:
            raise _refuse("a file with missing, extra or mistyped keys", where)


def _move(value: JSON, where: str) -> AliasMove:
    match value:
        case {"alias": str() as alias, "from": None | str() as before, "to": str() as version, **rest} if (
            not rest
        ):
            return AliasMove(alias=alias, before=before, version=version)
        case _:
            raise _refuse("an alias with missing, extra or mistyped keys", where)


def receipt_from_json(value: JSON, *, where: str) -> Receipt:
    """Read what `to_json` wrote; raises FormatError for any other shape."""
    match value:
        case {
            "schema_version": 1,
            "destination": str() as destination,
            "uri": str() as uri,
            "name": str() as name,
            "version": str() as version,
            "root": str() as root,
            "exact_root": str() as exact_root,
            "files": list() as files,
            "aliases": None | list() as aliases,
            "published_at": str() as published_at,
            **rest,
        } if not rest:
            return Receipt(
                destination=destination,
                uri=uri,
                name=name,
                version=version,
                root=parse_digest(root),
                exact_root=parse_digest(exact_root),
                files=tuple(_file(row, where) for row in files),
                aliases=None if aliases is None else tuple(_move(row, where) for row in aliases),
                published_at=published_at,
            )
        case _:
            raise _refuse("missing, extra or mistyped keys", where)
