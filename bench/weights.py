"""Write models of any size that a release accepts: canonical, finite values, in constant memory."""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path

from release_tasks.formats.safetensors_header import TensorSpec
from release_tasks.formats.safetensors_writer import dump_header, dump_prefix, lay_out

_ROW = 4096  # float32 values: 16 KiB
_BLOCK_ROWS = 64  # 1 MiB
_TENSOR_ROWS = 4096  # 64 MiB


def _rows(size: int) -> Iterator[int]:
    left = max(1, size // (4 * _ROW))
    while left > 0:
        yield min(left, _TENSOR_ROWS)
        left -= _TENSOR_ROWS


def _block() -> bytes:
    """1 MiB of float32 between -1 and 1; digests and disks do not care that it repeats, zips are STORED."""
    source = random.Random(0)
    count = _ROW * _BLOCK_ROWS
    return struct.pack(f"<{count}f", *(source.uniform(-1, 1) for _ in range(count)))


def _write(path: Path, names: list[tuple[str, int]], block: bytes) -> None:
    places = lay_out([TensorSpec(name=name, dtype="F32", shape=(rows, _ROW)) for name, rows in names])
    header = dump_header(places, {"format": "pt"})
    with path.open("wb") as out:
        out.write(dump_prefix(header) + header)
        for _, rows in sorted(names):
            for start in range(0, rows, _BLOCK_ROWS):
                out.write(block[: 4 * _ROW * min(_BLOCK_ROWS, rows - start)])
        os.fsync(out.fileno())


def model_toml(shards: int) -> str:
    """The lines of `[artifacts]` that name what `write_model` wrote."""
    if shards == 1:
        return 'model = "model.safetensors"'
    names = ", ".join(f'"model-{shard:05d}-of-{shards:05d}.safetensors"' for shard in range(1, shards + 1))
    return f'model = [{names}]\nindex = "model.safetensors.index.json"'


def write_model(place: Path, *, size: int, shards: int) -> list[Path]:
    """Write weights of about `size` bytes, a tokenizer and a config; returns the files of the weights."""
    place.mkdir(parents=True, exist_ok=True)
    block = _block()
    (place / "config.json").write_text('{"hidden_size": 4096, "model_type": "bench"}\n', "utf-8")
    tokenizer = {"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
    (place / "tokenizer.json").write_text(json.dumps(tokenizer, indent=2) + "\n", "utf-8")
    if shards == 1:
        path = place / "model.safetensors"
        _write(path, [(f"layers.{at:03d}.weight", rows) for at, rows in enumerate(_rows(size))], block)
        return [path]
    paths: list[Path] = []
    where: dict[str, str] = {}
    total = 0
    for shard in range(1, shards + 1):
        path = place / f"model-{shard:05d}-of-{shards:05d}.safetensors"
        names = [(f"shard.{shard}.{at:03d}.weight", rows) for at, rows in enumerate(_rows(size // shards))]
        _write(path, names, block)
        where |= {name: path.name for name, _ in names}
        total += sum(4 * _ROW * rows for _, rows in names)
        paths.append(path)
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}
    (place / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")
    return paths
