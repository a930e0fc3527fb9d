from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.safetensors_header import (
    DTYPE_BITS,
    Header,
    TensorInfo,
    TensorSpec,
    byte_size,
    parse_header,
    prefix_length,
)
from release_tasks.formats.safetensors_writer import dump_header, dump_prefix, is_canonical, lay_out

A = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
B = {"dtype": "U8", "shape": [3], "data_offsets": [8, 11]}
WHERE = "model.safetensors"

NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"], exclude_characters="/\\"), min_size=1
).filter(lambda name: name not in {"..", "__metadata__"})
SPECS = st.dictionaries(
    NAMES,
    st.tuples(
        st.sampled_from(sorted(DTYPE_BITS)), st.lists(st.integers(0, 4).map(lambda n: 4 * n), max_size=3)
    ),
    max_size=6,
).map(
    lambda table: [
        TensorSpec(name=name, dtype=dtype, shape=(*shape, 8)) for name, (dtype, shape) in table.items()
    ]
)
METADATA = st.none() | st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
    max_size=5,
)


def encode(table: object) -> bytes:
    return json.dumps(table, separators=(",", ":")).encode()


@given(SPECS, METADATA)
def test_what_is_dumped_parses_to_the_layout_and_is_canonical(
    specs: list[TensorSpec], metadata: dict[str, str] | None
) -> None:
    data = dump_header(specs, metadata)
    placed = lay_out(specs)
    size = placed[-1].end if placed else 0
    header = parse_header(data, payload_size=size)
    wanted = sorted(placed, key=lambda tensor: (tensor.start, tensor.end, tensor.name))
    assert header.tensors == tuple(wanted)
    assert header.metadata == (None if metadata is None else tuple(sorted(metadata.items())))
    assert is_canonical(data, header)
    assert len(data) % 8 == 0
    assert prefix_length(dump_prefix(data), file_size=8 + len(data) + size) == len(data)
    assert dump_header(reversed(specs), metadata) == data


def test_header_of_two_tensors() -> None:
    header = parse_header(encode({"b": B, "a": A, "__metadata__": {"k": "v", "f": "pt"}}), payload_size=11)
    assert header == Header(
        tensors=(
            TensorInfo(name="a", dtype="F32", shape=(2,), start=0, end=8),
            TensorInfo(name="b", dtype="U8", shape=(3,), start=8, end=11),
        ),
        metadata=(("f", "pt"), ("k", "v")),
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"[]", "safetensors header is not an object\n  wanted: a JSON object\n  found:  a list"),
        (
            b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
            "JSON object names a key twice\n  wanted: every key once\n  found:  'a'",
        ),
        (
            b'{"__metadata__":{"k":"good","k":"evil"}}',
            "JSON object names a key twice\n  wanted: every key once\n  found:  'k'",
        ),
        (
            b'{"__metadata__":{},"__metadata__":{}}',
            "JSON object names a key twice\n  wanted: every key once\n  found:  '__metadata__'",
        ),
        (
            {"__metadata__": {"k": 1}},
            "safetensors metadata holds more than text\n  wanted: a string\n  found:  a number at 'k'",
        ),
        (
            {"__metadata__": None},
            "safetensors metadata is not an object\n  wanted: text by key\n  found:  null",
        ),
        (
            {"a": [1]},
            "bad entry of a tensor\n  wanted: exactly dtype, shape and data_offsets\n  found:  a list",
        ),
        (
            {"a": {**A, "x": 1}},
            "bad entry of a tensor\n  wanted: exactly dtype, shape and data_offsets\n  found:  'data_offsets, dtype, shape, x'",
        ),
        (
            {"a": {"dtype": "F32", "shape": [2]}},
            "bad entry of a tensor\n  wanted: exactly dtype, shape and data_offsets\n  found:  'dtype, shape'",
        ),
        (
            {"a": {**A, "dtype": 7}},
            "bad entry of a tensor\n  wanted: dtype a string, shape a list\n  found:  a number and a list",
        ),
        ({"a": {**A, "dtype": "F99"}}, f"unknown dtype\n  wanted: {', '.join(DTYPE_BITS)}\n  found:  'F99'"),
        ({"a": {**A, "shape": [2.0]}}, "bad shape\n  wanted: integers from 0\n  found:  [2.0]"),
        ({"a": {**A, "shape": [True, 2]}}, "bad shape\n  wanted: integers from 0\n  found:  [True, 2]"),
        ({"a": {**A, "shape": [-2]}}, "bad shape\n  wanted: integers from 0\n  found:  -2"),
        ({"a": {**A, "shape": [2**62, 4]}}, "shape overflows\n  wanted: less than 2**63 bytes"),
        ({"a": {**A, "shape": [2**62, 2**62, 0]}}, "shape overflows\n  wanted: less than 2**63 bytes"),
        (
            {"a": {**A, "shape": [3]}},
            "tensor has another size than its shape\n  wanted: 12 bytes for F32 [3]\n  found:  8 bytes",
        ),
        (
            {"a": {**A, "dtype": "F4", "shape": [3]}},
            "tensor does not end at a byte\n  wanted: a multiple of 8 bits\n  found:  12 bits",
        ),
        (
            {"a": {**A, "data_offsets": [8, 0]}},
            "bad data_offsets\n  wanted: [start, end] with 0 <= start <= end\n  found:  [8, 0]",
        ),
        (
            {"a": {**A, "data_offsets": [-8, 0]}},
            "bad data_offsets\n  wanted: [start, end] with 0 <= start <= end\n  found:  [-8, 0]",
        ),
        (
            {"a": {**A, "data_offsets": [0, 8, 9]}},
            "bad data_offsets\n  wanted: [start, end] with 0 <= start <= end\n  found:  [0, 8, 9]",
        ),
        (
            {"a": {**A, "data_offsets": [False, 8]}},
            "bad data_offsets\n  wanted: [start, end] with 0 <= start <= end\n  found:  [False, 8]",
        ),
        (
            b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,NaN]}}',
            "not a JSON number\n  wanted: finite numbers\n  found:  NaN",
        ),
    ],
)
def test_malformed_headers_are_refused(table: object, message: str) -> None:
    data = table if isinstance(table, bytes) else encode(table)
    with pytest.raises(FormatError) as caught:
        parse_header(data, payload_size=8, where=WHERE)
    where = caught.value.where
    assert where in {WHERE, f"{WHERE}, tensor a"}
    assert (
        str(caught.value).replace(f"  where: {' ' if 'wanted' in message else ''}{where}", "")
        == message + "\n"
    )


@pytest.mark.parametrize(
    ("tensors", "size", "message"),
    [
        (
            {"a": A, "b": {**B, "data_offsets": [7, 10]}},
            10,
            "tensors overlap\n  wanted: tensor b at byte 8\n  found:  at byte 7\n  where:  f",
        ),
        (
            {"a": A, "b": {**B, "data_offsets": [9, 12]}},
            12,
            "bytes between tensors belong to none\n  wanted: tensor b at byte 8\n  found:  at byte 9\n  where:  f",
        ),
        (
            {"b": B},
            11,
            "bytes between tensors belong to none\n  wanted: tensor b at byte 0\n  found:  at byte 8\n  where:  f",
        ),
        (
            {"a": A},
            7,
            "safetensors file is cut off\n  wanted: 8 bytes of tensors\n  found:  7 bytes\n  where:  f",
        ),
        (
            {"a": A},
            9,
            "bytes after the last tensor\n  wanted: 8 bytes of tensors\n  found:  9 bytes\n  where:  f",
        ),
        ({}, 1, "bytes after the last tensor\n  wanted: 0 bytes of tensors\n  found:  1 bytes\n  where:  f"),
    ],
)
def test_tensors_cover_the_payload_exactly_once(tensors: object, size: int, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_header(encode(tensors), payload_size=size, where="f")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("", "is empty"),
        ("a\0b", "holds a control character"),
        ("a\nb", "holds a control character"),
        ("a\x7f", "holds a control character"),
        ("a\u202eb", "holds a control character"),
        ("../../etc/passwd", "leads out of its folder"),
        ("a/../b", "leads out of its folder"),
        ("a\\..\\b", "leads out of its folder"),
        ("/etc/passwd", "leads out of its folder"),
    ],
)
def test_names_that_attack_are_refused_by_reader_and_writer(name: str, flaw: str) -> None:
    wanted = f"tensor name refused: it {flaw}\n  found: {name!a}"
    with pytest.raises(FormatError) as read:
        parse_header(json.dumps({name: A}).encode(), payload_size=8)
    with pytest.raises(FormatError) as written:
        dump_header([TensorSpec(name=name, dtype="F32", shape=(2,))])
    assert (str(read.value), str(written.value)) == (wanted, wanted)


def test_names_as_models_have_them_are_accepted() -> None:
    for name in ("model.layers.0.q_proj.weight", "scope/kernel:0", "..a", "a..b/c", "重み", "__metadata"):
        assert parse_header(json.dumps({name: A}).encode(), payload_size=8).tensors[0].name == name


@pytest.mark.parametrize(
    "data",
    [
        encode({"a": A, "b": B}) + b" " * 15,
        b" " + encode({"a": A, "b": B}),
        encode({"a": A, "b": B}),
        encode({"b": B, "a": A}) + b" ",
        json.dumps({"a": A, "b": B}).encode(),
        encode({"a": A, "b": B, "__metadata__": {"k": "v"}}),
        encode({"__metadata__": {"k": "v", "a": "b"}, "a": A, "b": B}),
        encode({"a": A, "b": B}).replace(b'"a"', b'"\\u0061"'),
        encode({"c": {**B, "data_offsets": [0, 3]}, "d": {**A, "data_offsets": [3, 11]}}),
    ],
)
def test_valid_but_not_canonical_is_told_apart_from_malformed(data: bytes) -> None:
    header = parse_header(data, payload_size=11)
    assert not is_canonical(data, header)
    fixed = dump_header(header.tensors, dict(header.metadata) if header.metadata else None)
    assert is_canonical(fixed, parse_header(fixed, payload_size=11))


@pytest.mark.parametrize(
    ("first8", "size", "message"),
    [
        (b"1234", 4, "not a safetensors file\n  wanted: at least 8 bytes\n  found:  4 bytes\n  where:  f"),
        (
            (2**64 - 1).to_bytes(8, "little"),
            100,
            "safetensors header too large\n  wanted: at most 100000000 bytes\n  found:  18446744073709551615 bytes\n  where:  f",
        ),
        (
            (93).to_bytes(8, "little"),
            100,
            "safetensors file is cut off\n  wanted: a header of 93 bytes\n  found:  92 bytes\n  where:  f",
        ),
    ],
)
def test_prefixes_that_lie_are_refused(first8: bytes, size: int, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        prefix_length(first8, file_size=size, where="f")
    assert str(caught.value) == message
    assert prefix_length((92).to_bytes(8, "little"), file_size=100) == 92


def test_the_writer_refuses_twins_reserved_names_and_metadata_that_is_not_text() -> None:
    spec = TensorSpec(name="a", dtype="F32", shape=(2,))
    with pytest.raises(FormatError, match=r"^two tensors with one name\n  found: a$"):
        dump_header([spec, spec])
    with pytest.raises(FormatError, match="it is the key of the metadata"):
        dump_header([TensorSpec(name="__metadata__", dtype="F32", shape=(2,))])
    with pytest.raises(FormatError, match=r"^safetensors metadata holds more than text\n  found: 'k': 1$"):
        dump_header([spec], {"k": 1})  # type: ignore[dict-item]
    with pytest.raises(FormatError, match=r"^safetensors metadata holds half of a surrogate pair$"):
        dump_header([spec], {"k": "\ud800"})


def test_sizes_of_packed_types() -> None:
    assert byte_size("F4", (4,)) == 2
    assert byte_size("F6_E2M3", (4, 2)) == 6
    assert byte_size("F64", ()) == 8
    assert byte_size("BF16", (3, 0)) == 0


@given(
    st.binary(max_size=80) | st.text('{}[]":,0123456789dtypeshaF_ ', max_size=80).map(str.encode),
    st.integers(0, 9),
)
def test_only_format_errors_leave_the_parser(data: bytes, size: int) -> None:
    try:
        header = parse_header(data, payload_size=size)
    except FormatError:
        return
    assert sum(tensor.end - tensor.start for tensor in header.tensors) == size
