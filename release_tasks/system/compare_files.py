"""Two files compared: first by byte, then by what their format says, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np

from release_tasks.errors import EnvironmentRefused, FormatError, ReleaseError
from release_tasks.formats.dataset_records import LINES
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.text_diff import compare_texts
from release_tasks.policy.value_diff import collect_values, compare_values, differing_values
from release_tasks.records.difference import FileDifference, Format, ValueDifference
from release_tasks.records.json_value import JSON
from release_tasks.system.compare_tensors import by_name, compare_headers, compare_tensors, open_to_read
from release_tasks.system.gguf_file import MAGIC
from release_tasks.system.storage import storage_errors
from release_tasks.system.stored_tensors import TensorFile, read_gguf_tensors, read_safetensors

MAX_TEXT_BYTES = 8 << 20  # of a text that is compared by line
MAX_JSON_BYTES = 64 << 20  # of a document, or of one line of JSON Lines
_CHUNK = 1 << 20
_HEAD = 9  # bytes that tell a file of tensors


def compare_files(before: Path, after: Path, *, name: str) -> FileDifference:
    """Compare two regular files that both stand for `name`, whose suffix tells JSON.

    What is malformed, too large or needs a library that is missing is compared by a simpler format, and the
    note says so. Raises IntegrityError for anything but a regular file and for a file that changes while it
    is read, StorageError when the system refuses.
    """
    plain, heads = _bytes(before, after, name)
    form = _format(name, heads)
    if plain.offset is None:
        return replace(plain, format=form)
    notes: list[str] = []
    while form != "binary":
        try:
            found = _READERS[form](plain, before, after)
        except (FormatError, EnvironmentRefused) as error:
            notes.append(f"not compared as {form}: {_reason(error)}")
            form = "text" if form == "json" else "binary"
        else:
            return replace(found, format=form, note="; ".join(notes) or None)
    # Of a file that is simply binary nobody wanted to see lines.
    return replace(plain, note="; ".join(note for note in notes if _PLAIN_BYTES not in note) or None)


def compare_tensor_files(before: tuple[Path, ...], after: tuple[Path, ...], *, name: str) -> FileDifference:
    """Compare the safetensors shards of one model as one file of tensors, however they are cut.

    The sizes are those of all shards. Raises FormatError for a malformed one, else as `compare_files`.
    """
    if len(before) == len(after) == 1:
        return compare_files(before[0], after[0], name=name)
    old, new = ([read_safetensors(path, where=str(path)) for path in side] for side in (before, after))
    tensors = compare_tensors(by_name(old, where=name), by_name(new, where=name))
    sizes = tuple(sum(path.stat().st_size for path in side) for side in (before, after))
    return FileDifference(
        name=name,
        format="safetensors",
        relation="different" if tensors else "tensors-equal",
        size=(sizes[0], sizes[1]),
        tensors=tensors,
        tensor_count=sum(len(file.tensors) for file in new),
    )


def _bytes(before: Path, after: Path, name: str) -> tuple[FileDifference, tuple[bytes, bytes]]:
    """The sizes, the first byte that differs, and how both begin."""
    with storage_errors(before), open_to_read(before) as left, open_to_read(after) as right:
        size = (left.seek(0, 2), right.seek(0, 2))
        left.seek(0)
        right.seek(0)
        offset, heads = _first_difference(left, right)
    plain = FileDifference(
        name=name,
        format="binary",
        relation="identical" if offset is None else "different",
        size=size,
        offset=offset,
    )
    return plain, heads


def _first_difference(left: BinaryIO, right: BinaryIO) -> tuple[int | None, tuple[bytes, bytes]]:
    heads: tuple[bytes, bytes] | None = None
    at = 0
    while True:
        one, other = left.read(_CHUNK), right.read(_CHUNK)
        heads = heads or (one[:_HEAD], other[:_HEAD])
        if one != other:
            size = min(len(one), len(other))
            old, new = np.frombuffer(one, np.uint8, size), np.frombuffer(other, np.uint8, size)
            places = np.flatnonzero(old != new)
            return at + (int(places[0]) if places.size else size), heads
        if not one:
            return None, heads
        at += len(one)


def _format(name: str, heads: tuple[bytes, bytes]) -> Format:
    suffix = name.rpartition(".")[2].lower()
    if suffix == "gguf" or all(head.startswith(MAGIC) for head in heads):
        return "gguf"
    # A length of less than 2^56 has a zero byte, which text never has.
    if suffix == "safetensors" or all(head[8:9] == b"{" and b"\0" in head[:8] for head in heads):
        return "safetensors"
    return "json" if name.lower().endswith((".json", *LINES)) else "text"


def _safetensors(plain: FileDifference, before: Path, after: Path) -> FileDifference:
    return _tensor_file(plain, *(read_safetensors(path, where=plain.name) for path in (before, after)))


def _gguf(plain: FileDifference, before: Path, after: Path) -> FileDifference:
    return _tensor_file(plain, *(read_gguf_tensors(path, where=plain.name) for path in (before, after)))


def _tensor_file(plain: FileDifference, before: TensorFile, after: TensorFile) -> FileDifference:
    old, new = (by_name((file,), where=plain.name) for file in (before, after))
    tensors = compare_tensors(old, new)
    return replace(
        plain,
        relation="different" if tensors else "tensors-equal",
        header=compare_headers(before, after),
        tensors=tensors,
        tensor_count=len(new),
    )


def _json(plain: FileDifference, before: Path, after: Path) -> FileDifference:
    if plain.name.lower().endswith(LINES):
        return replace(plain, values=collect_values(_rows(before, after)))
    old, new = (_document(path, size) for path, size in zip((before, after), plain.size, strict=True))
    return replace(plain, values=compare_values(old, new))


def _document(path: Path, size: int) -> JSON:
    if size > MAX_JSON_BYTES:
        raise FormatError("JSON too large", wanted=f"at most {MAX_JSON_BYTES} bytes", found=f"{size} bytes")
    with open_to_read(path) as stream:
        return parse_strict(stream.read(), python_floats=True)


def _rows(before: Path, after: Path) -> Iterator[ValueDifference]:
    """Line by line, of which only those are parsed that differ."""
    with open_to_read(before) as left, open_to_read(after) as right:
        for number in count(1):
            one, other = left.readline(MAX_JSON_BYTES + 1), right.readline(MAX_JSON_BYTES + 1)
            if not one and not other:
                return
            if one != other:
                yield from _row(one, other, f"line {number}")


def _row(one: bytes, other: bytes, key: str) -> Iterator[ValueDifference]:
    old, new = (parse_strict(line, where=key, python_floats=True) if line else None for line in (one, other))
    if one and other:
        yield from differing_values(old, new, key)
    else:
        present = {"row": old} if one else {"row": new}
        (single,) = differing_values(present, {}) if one else differing_values({}, present)
        yield replace(single, key=key)


_PLAIN_BYTES = "it is not UTF-8 text"


def _text(plain: FileDifference, before: Path, after: Path) -> FileDifference:
    return replace(plain, text=compare_texts(*map(_decoded, (before, after), plain.size)))


def _decoded(path: Path, size: int) -> str:
    with open_to_read(path) as stream:
        data = stream.read(_CHUNK)
        if b"\0" in data:
            raise FormatError(_PLAIN_BYTES)
        if size > MAX_TEXT_BYTES:
            raise FormatError(
                "text too large", wanted=f"at most {MAX_TEXT_BYTES} bytes", found=f"{size} bytes"
            )
        data += stream.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(_PLAIN_BYTES) from None


def _reason(error: ReleaseError) -> str:
    return ", ".join(part for part in (error.what, error.found) if part)


_READERS: dict[Format, Callable[[FileDifference, Path, Path], FileDifference]] = {
    "safetensors": _safetensors,
    "gguf": _gguf,
    "json": _json,
    "text": _text,
}
