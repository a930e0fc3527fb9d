"""`inspect`: look into a model file or a tokenizer without loading it (B20)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.safetensors_writer import is_canonical
from release_tasks.formats.tokenizer_json import parse_tokenizer
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.system.gguf_file import MAGIC, read_gguf
from release_tasks.system.hashing import digest_file
from release_tasks.system.safetensors_file import read_header
from release_tasks.system.storage import open_regular, storage_errors

_SHOWN = 40  # tensors in the text; `--json` has all
_WIDEST = 80


def _tensor(name: str, dtype: str, shape: tuple[int, ...], size: int) -> JSONObject:
    return {"name": name, "dtype": dtype, "shape": list[JSON](shape), "elements": prod(shape), "bytes": size}


def _model(tensors: Iterable[JSONObject]) -> JSONObject:
    found = list(tensors)
    counts = Counter(str(tensor["dtype"]) for tensor in found)
    total = sum(size for tensor in found if isinstance(size := tensor["elements"], int))
    return {"parameters": total, "dtypes": dict(sorted(counts.items())), "tensors": list[JSON](found)}


def _safetensors(path: Path) -> JSONObject:
    raw, header = read_header(path, where=str(path))
    tensors = (
        _tensor(tensor.name, tensor.dtype, tensor.shape, tensor.end - tensor.start)
        for tensor in header.tensors
    )
    named = sorted(tensors, key=lambda tensor: str(tensor["name"]))
    return {
        "format": "safetensors",
        "canonical": is_canonical(raw, header),
        "metadata": dict(header.metadata or ()),
        **_model(named),
    }


def _gguf(path: Path) -> JSONObject:
    file = read_gguf(path, where=str(path))
    tensors = (_tensor(tensor.name, tensor.type, tensor.shape, tensor.bytes) for tensor in file.tensors)
    return {"format": "gguf", "gguf_version": file.version, "metadata": file.metadata, **_model(tensors)}


def _tokenizer(path: Path) -> JSONObject:
    file = parse_tokenizer(path.read_bytes(), where=str(path))
    return {
        "format": "tokenizer.json",
        "type": file.type,
        "tokens": len(set(file.tokens.values())),
        "merges": len(file.merges),
        "special": {token: file.tokens[token] for token in file.special},
        "parts": dict(file.parts),
    }


def inspect_file(path: Path) -> JSONObject:
    """Describe a safetensors file, a GGUF file or a tokenizer.json, told apart by their first bytes.

    Raises FormatError for a malformed file and for anything else, IntegrityError for what is no regular file,
    EnvironmentRefused for a GGUF file without the gguf library, StorageError when the system refuses.
    """
    with storage_errors(path):
        fd, status = open_regular(path, follow=True)
        with open(fd, "rb") as stream:  # noqa: PTH123 - it is open already
            begin = stream.read(9)
        if begin.startswith(MAGIC):
            found = _gguf(path)
        # A length of less than 2^56 has a zero byte, which JSON text never has.
        elif begin[8:9] == b"{" and b"\0" in begin[:8]:
            found = _safetensors(path)
        elif begin.lstrip().startswith(b"{"):
            found = _tokenizer(path)
        else:
            raise FormatError(
                "not a file that can be looked into",
                wanted="safetensors, GGUF or tokenizer.json",
                found=f"a file that begins with {begin!r}" if begin else "an empty file",
                where=str(path),
            )
        digest = digest_file(path, blake3=False).sha256
    return {
        "file": path.name,
        "bytes": status.st_size,
        "sha256": None if digest is None else digest.hex,
        **found,
    }


def _cell(value: JSON) -> str:
    match value:
        case {"length": int() as length, "first": list() as first}:
            return f"{length} items, the first {', '.join(map(_cell, first))}"
        case dict():
            return ", ".join(f"{key} {_cell(item)}" for key, item in value.items()) or "none"
        case list():
            return ", ".join(map(_cell, value)) or "none"
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            text = value if value.isprintable() and value else ascii(value)
            return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"
        case _:
            return str(value)


def _tensor_lines(tensors: list[JSONObject]) -> Iterator[str]:
    table = [
        (str(row["name"]), str(row["dtype"]), "x".join(map(_cell, _sizes(row))) or "scalar")
        for row in tensors[:_SHOWN]
    ]
    widths = [max(len(row[column]) for row in table) for column in range(2)] if table else []
    for name, dtype, shape in table:
        yield f"  {name:<{widths[0]}}  {dtype:<{widths[1]}}  {shape}"
    if len(tensors) > _SHOWN:
        yield f"  and {len(tensors) - _SHOWN} more; --json shows all"


def _sizes(row: JSONObject) -> list[JSON]:
    shape = row["shape"]
    return shape if isinstance(shape, list) else []


def render_inspection(found: JSONObject) -> str:
    """Write what `inspect_file` found for people: one fact a line, then the tensors."""
    facts = {key: value for key, value in found.items() if key not in {"tensors", "metadata", "parts"}}
    width = max(map(len, facts)) + 2
    lines = [f"{key:<{width}}{_cell(value)}" for key, value in facts.items()]
    for title in ("metadata", "parts"):
        inner = found.get(title)
        if isinstance(inner, dict) and inner:
            wide = max(map(len, inner)) + 2
            lines += [title, *(f"  {key:<{wide}}{_cell(value)}" for key, value in inner.items())]
    tensors = found["tensors"] if found["format"] != "tokenizer.json" else []
    if isinstance(tensors, list) and tensors:
        lines += [f"tensors ({len(tensors)})"]
        lines += _tensor_lines([row for row in tensors if isinstance(row, dict)])
    return "\n".join(lines) + "\n"
