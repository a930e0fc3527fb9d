"""Records of a dataset out of one file: a JSON object, a list of objects, or JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.errors import FormatError
from release_tasks.formats.json_lines import split_lines
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.data_record import DataRecord
from release_tasks.records.json_value import JSON

LINES = (".jsonl", ".ndjson")
SUFFIXES = (".json", *LINES)


def parse_records(data: bytes, *, path: str) -> tuple[DataRecord, ...]:
    """Read every record of a file; a name in `.jsonl` or `.ndjson` says one JSON object a line.

    Raises FormatError for JSON that `parse_strict` refuses, and for a record that is no object; `where` is
    the file, with the line for JSON Lines. An empty list and an empty file of lines hold no record.
    """
    values = _lines(data, path) if path.lower().endswith(LINES) else _document(data, path)
    records = []
    for number, (where, value) in enumerate(values, start=1):
        if not isinstance(value, dict):
            raise FormatError(
                "not a record", wanted="a JSON object", found=f"a {_KINDS[type(value)]}", where=where
            )
        records.append(DataRecord(path=path, number=number, value=value))
    return tuple(records)


_KINDS: dict[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "list",
    type(None): "null",
}


def _document(data: bytes, path: str) -> Iterator[tuple[str, JSON]]:
    value = parse_strict(data, where=path, max_bytes=len(data))
    if not isinstance(value, list):
        yield path, value
        return
    for number, item in enumerate(value, start=1):
        yield f"{path}: record {number}", item


def _lines(data: bytes, path: str) -> Iterator[tuple[str, JSON]]:
    for number, line in enumerate(split_lines(data), start=1):
        where = f"{path}: line {number}"
        yield where, parse_strict(line, where=where, max_bytes=len(data))
