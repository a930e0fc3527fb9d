"""RECORD of a wheel: every member with its digest and size (PyPA, "Recording installed projects")."""

from __future__ import annotations

import base64
import binascii
import csv
import io

from release_tasks.errors import FormatError
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.frozen_record import frozen_positional

_PREFIX = "sha256="
_COLUMNS = 3


@frozen_positional
class RecordRow:
    """One line: a member, and its SHA-256 and size where they are stated."""

    path: str
    sha256: Digest | None
    size: int | None


def parse_wheel_record(data: bytes, *, where: str) -> tuple[RecordRow, ...]:
    """Read RECORD; raises FormatError for other CSV, another digest than SHA-256, and a path given twice."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError("RECORD is not CSV", found=str(error)[:200], where=where) from None
    rows = [_row(line, where) for line in lines if line]
    names = [row.path for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise FormatError("RECORD lists a member twice", found=ascii(twice[0])[:200], where=where)
    return tuple(rows)


def _row(line: list[str], where: str) -> RecordRow:
    if len(line) != _COLUMNS:
        found = ascii(",".join(line))[:200]
        raise FormatError(
            "RECORD has a line of another form", wanted="path,digest,size", found=found, where=where
        )
    path, digest, size = line
    if size and not (size.isascii() and size.isdecimal() and len(size) < 19):
        raise FormatError("RECORD states a size that is no number", found=ascii(size)[:100], where=where)
    return RecordRow(path, _digest(digest, where) if digest else None, int(size) if size else None)


def _digest(text: str, where: str) -> Digest:
    """Read `sha256=` and URL-safe base64 without its padding."""
    encoded = text.removeprefix(_PREFIX)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not text.startswith(_PREFIX) or len(raw) != 32 or dump_record_digest(sha256(raw.hex())) != text:
        raise FormatError(
            "RECORD states a digest of another form",
            wanted="sha256= and 43 characters of URL-safe base64",
            found=ascii(text)[:100],
            where=where,
        )
    return sha256(raw.hex())


def dump_record_digest(digest: Digest) -> str:
    """Write a SHA-256 as RECORD has it."""
    encoded = base64.urlsafe_b64encode(bytes.fromhex(digest.hex)).decode("ascii")
    return _PREFIX + encoded.rstrip("=")
