from __future__ import annotations

import json

import pytest

from release_tasks.errors import FormatError, IntegrityError
from release_tasks.formats.safetensors_header import Header, TensorSpec
from release_tasks.formats.safetensors_index import ShardIndex, check_index, parse_index, shard_name
from release_tasks.formats.safetensors_writer import lay_out

ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
MAP = {"b": TWO, "a": ONE, "c": TWO}


def header(**sizes: int) -> Header:
    specs = [TensorSpec(name=name, dtype="F32", shape=(size,)) for name, size in sizes.items()]
    return Header(tensors=lay_out(specs), metadata=None)


def encode(weight_map: object = MAP, metadata: object = None) -> bytes:
    return json.dumps(
        {"metadata": metadata or {"total_size": 24}, "weight_map": weight_map}, indent=2
    ).encode()


def test_an_index_parses_sorted_and_fits_its_shards() -> None:
    index = parse_index(encode(metadata={"total_size": 24, "total_parameters": 6}))
    assert index == ShardIndex(total_size=24, weight_map=(("a", ONE), ("b", TWO), ("c", TWO)))
    assert index.shards == (ONE, TWO)
    assert shard_name(1, 2) == ONE
    check_index(index, {ONE: header(a=1), TWO: header(b=2, c=3)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"[]",
            "bad index of shards\n  wanted: metadata and weight_map\n  found:  another value\n  where:  i",
        ),
        (
            b'{"weight_map":{}}',
            "bad index of shards\n  wanted: metadata and weight_map\n  found:  'weight_map'\n  where:  i",
        ),
        (
            encode(metadata={"total_size": 24.0}),
            "bad index of shards\n  wanted: metadata.total_size, an integer from 0\n  found:  24.0\n  where:  i",
        ),
        (
            encode(metadata={"total_size": True}),
            "bad index of shards\n  wanted: metadata.total_size, an integer from 0\n  found:  True\n  where:  i",
        ),
        (
            encode({}),
            "bad index of shards\n  wanted: weight_map, a file for every tensor\n  found:  none\n  where:  i",
        ),
        (
            encode({"a": 1}),
            "bad index of shards\n  wanted: a file name for tensor a\n  found:  another value\n  where:  i",
        ),
        (
            b'{"metadata":{"total_size":1},"weight_map":{"a":"x","a":"y"}}',
            "JSON object names a key twice\n  wanted: every key once\n  found:  'a'\n  where:  i",
        ),
        (
            encode({"a": "../" + ONE}),
            f"bad name of a shard\n  wanted: model-00001-of-00001.safetensors\n  found:  '../{ONE}'\n  where:  i",
        ),
        (
            encode({"a": TWO}),
            f"bad name of a shard\n  wanted: model-00001-of-00001.safetensors\n  found:  '{TWO}'\n  where:  i",
        ),
        (
            encode({"a": ONE, "b": "model-00003-of-00003.safetensors"}),
            f"bad name of a shard\n  wanted: {TWO}\n  found:  'model-00003-of-00003.safetensors'\n  where:  i",
        ),
        (
            encode({"../x": ONE}),
            "tensor name refused: it leads out of its folder\n  found: '../x'\n  where: i",
        ),
    ],
)
def test_bad_indexes_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_index(data, where="i")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {ONE: header(a=1)},
            f"shards are not those of the index\n  wanted: {ONE}, {TWO}\n  found:  {ONE}\n  where:  i",
        ),
        (
            {ONE: header(a=1), TWO: header(b=5)},
            f"tensor is not where the index says\n  wanted: c in {TWO}\n  found:  in no shard\n  where:  i",
        ),
        (
            {ONE: header(a=1, b=2), TWO: header(c=3)},
            f"tensor is not where the index says\n  wanted: b in {TWO}\n  found:  in {ONE}\n  where:  i",
        ),
        (
            {ONE: header(a=1, b=0), TWO: header(b=2, c=3)},
            f"tensor is in two shards\n  found: b in {ONE} and {TWO}\n  where: i",
        ),
        (
            {ONE: header(a=1), TWO: header(b=2, c=3, d=0)},
            f"tensor is not where the index says\n  wanted: d in no shard\n  found:  in {TWO}\n  where:  i",
        ),
        (
            {ONE: header(a=1), TWO: header(b=2, c=4)},
            "total_size of the index is wrong\n  wanted: 28 bytes\n  found:  24 bytes\n  where:  i",
        ),
    ],
)
def test_shards_that_differ_from_the_index_are_refused(headers: dict[str, Header], message: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        check_index(parse_index(encode()), headers, where="i")
    assert str(caught.value) == message
