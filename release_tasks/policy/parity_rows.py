"""Rows of a parity measurement as JSON Lines, read as strictly as they are written."""

from __future__ import annotations

from typing import Any, cast

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.policy.evidence_shape import (
    COUNT,
    DIGEST,
    FLAG,
    NUMBER,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    Field,
    mapping,
    misfits,
    nested,
    one,
    or_null,
)
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.parity import SCHEMA_VERSION, Agreement, ParityRow


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in value
    )


_FILE = nested({"path": TEXT, "digest": DIGEST})
_FIELDS: dict[str, Field] = {
    "schema_version": one("1", lambda value: value == SCHEMA_VERSION and not isinstance(value, bool)),
    "row": COUNT,
    "pair": TEXT,
    "kind": TEXT,
    "command": TEXTS,
    "reference": _FILE,
    "candidate": _FILE,
    "files": mapping(DIGEST),
    "prompt": TEXT,
    "steps": COUNT,
    "seed": COUNT,
    "tokens": one("a list of token ids", _are_ids),
    "prompt_tokens": COUNT,
    "thresholds": nested({"min_tau": NUMBER, "max_nll": NUMBER}),
    "commit": TEXT_OR_NULL,
    "found": nested(
        {
            "tau": or_null(NUMBER),
            "informative": COUNT,
            "tokens": COUNT,
            "reference_nll": NUMBER,
            "candidate_nll": NUMBER,
            "self_delta_nll": NUMBER,
            "delta_nll": NUMBER,
        }
    ),
    "fails": FLAG,
}


def parse_rows(data: bytes, *, where: str) -> tuple[ParityRow, ...]:
    """Read every row; raises FormatError, naming the line, for anything that the writer would not write."""
    lines = data.split(b"\n")
    if lines.pop():
        raise FormatError("the last row breaks off", wanted="a newline after each row", where=where)
    return tuple(_row(line, number, f"{where}: line {number + 1}") for number, line in enumerate(lines))


def _row(line: bytes, number: int, where: str) -> ParityRow:
    value = parse_canonical(line + b"\n", where=where)
    if not isinstance(value, dict):
        raise FormatError("not a row", wanted="a JSON object", found=type(value).__name__, where=where)
    for flaw in misfits(value, _FIELDS):
        raise FormatError(f"not a row: {flaw.key}", wanted=flaw.wanted, found=flaw.found, where=where)
    row = _build(value)
    if row.row != number:
        raise FormatError(
            "rows are out of order", wanted=f"row {number}", found=f"row {row.row}", where=where
        )
    if row.to_json() != value or len(row.tokens) != row.prompt_tokens + row.steps or row.prompt_tokens < 1:
        raise FormatError("a row contradicts itself", wanted="what follows from its figures", where=where)
    return row


def _build(value: dict[str, Any]) -> ParityRow:
    found = {key: item for key, item in value["found"].items() if key != "delta_nll"}
    files = cast("dict[str, str]", value["files"])
    return ParityRow(
        row=value["row"],
        pair=value["pair"],
        kind=value["kind"],
        command=tuple(value["command"]),
        reference=_file(value["reference"]),
        candidate=_file(value["candidate"]),
        files=tuple(sorted((path, parse_digest(text)) for path, text in files.items())),
        prompt=value["prompt"],
        steps=value["steps"],
        seed=value["seed"],
        tokens=tuple(value["tokens"]),
        prompt_tokens=value["prompt_tokens"],
        min_tau=value["thresholds"]["min_tau"],
        max_nll=value["thresholds"]["max_nll"],
        commit=value["commit"],
        found=Agreement(**found),
    )


def _file(value: dict[str, str]) -> tuple[str, Digest]:
    return value["path"], parse_digest(value["digest"])
