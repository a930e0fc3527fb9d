"""The index of a model in several safetensors files, as Hugging Face Transformers writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from release_tasks.errors import FormatError, IntegrityError
from release_tasks.formats.safetensors_header import Header, check_tensor_name
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.frozen_record import frozen

INDEX_NAME = "model.safetensors.index.json"
_SHARD = re.compile(r"model-([0-9]{5})-of-([0-9]{5})\.safetensors", re.ASCII)


@frozen
class ShardIndex:
    """Which file holds which tensor, sorted by tensor, and the bytes of all tensors together."""

    total_size: int
    weight_map: tuple[tuple[str, str], ...]

    @property
    def shards(self) -> tuple[str, ...]:
        """The names of all files, in order."""
        return tuple(sorted({shard for _, shard in self.weight_map}))


def shard_name(number: int, count: int) -> str:
    """Return the name of shard `number` (from 1) of `count`."""
    return f"model-{number:05d}-of-{count:05d}.safetensors"


def parse_index(data: bytes, *, where: str | None = None) -> ShardIndex:
    """Read `model.safetensors.index.json`.

    Further keys beside `total_size` are allowed, since writers add `total_parameters` and their own version.
    Raises FormatError for another structure and for shards not named model-00001-of-0000N.safetensors.
    """
    table = parse_strict(data, where=where)
    if not isinstance(table, dict) or set(table) != {"metadata", "weight_map"}:
        found = ascii(", ".join(sorted(table)))[:200] if isinstance(table, dict) else "another value"
        raise FormatError("bad index of shards", wanted="metadata and weight_map", found=found, where=where)
    metadata, weight_map = table["metadata"], table["weight_map"]
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise FormatError(
            "bad index of shards",
            wanted="metadata.total_size, an integer from 0",
            found=ascii(total)[:100],
            where=where,
        )
    if not isinstance(weight_map, dict) or not weight_map:
        raise FormatError(
            "bad index of shards", wanted="weight_map, a file for every tensor", found="none", where=where
        )
    pairs: list[tuple[str, str]] = []
    for name, shard in sorted(weight_map.items()):
        check_tensor_name(name, where=where)
        if not isinstance(shard, str):
            raise FormatError(
                "bad index of shards",
                wanted=f"a file name for tensor {name}",
                found="another value",
                where=where,
            )
        pairs.append((name, shard))
    index = ShardIndex(total_size=total, weight_map=tuple(pairs))
    _refuse_names(index.shards, where)
    return index


def check_index(index: ShardIndex, headers: Mapping[str, Header], *, where: str | None = None) -> None:
    """Compare an index with the headers of its files, by file name.

    Raises IntegrityError when a file or tensor is missing, extra or in another shard, or the total differs.
    """
    if set(headers) != set(index.shards):
        raise IntegrityError(
            "shards are not those of the index",
            wanted=", ".join(index.shards),
            found=", ".join(sorted(headers)) or "none",
            where=where,
        )
    held: dict[str, str] = {}
    for shard, header in sorted(headers.items()):
        for tensor in header.tensors:
            if tensor.name in held:
                raise IntegrityError(
                    "tensor is in two shards",
                    found=f"{tensor.name} in {held[tensor.name]} and {shard}",
                    where=where,
                )
            held[tensor.name] = shard
    wanted = dict(index.weight_map)
    for name in sorted(wanted.keys() | held.keys()):
        if wanted.get(name) != held.get(name):
            raise IntegrityError(
                "tensor is not where the index says",
                wanted=f"{name} in {wanted.get(name, 'no shard')}",
                found=f"in {held.get(name, 'no shard')}",
                where=where,
            )
    total = sum(tensor.end - tensor.start for header in headers.values() for tensor in header.tensors)
    if total != index.total_size:
        raise IntegrityError(
            "total_size of the index is wrong",
            wanted=f"{total} bytes",
            found=f"{index.total_size} bytes",
            where=where,
        )


def _refuse_names(shards: tuple[str, ...], where: str | None) -> None:
    wanted = tuple(shard_name(number, len(shards)) for number in range(1, len(shards) + 1))
    for found, name in zip(shards, wanted, strict=True):
        if found != name or not _SHARD.fullmatch(found):
            raise FormatError("bad name of a shard", wanted=name, found=ascii(found)[:200], where=where)
