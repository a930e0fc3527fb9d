from __future__ import annotations

import builtins
import json
import math
import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release_tasks.errors import FormatError, IntegrityError
from release_tasks.formats.safetensors_numpy import RawTensor, dump_tensors
from release_tasks.records.difference import FileDifference, TensorDifference, TextDifference, ValueDifference
from release_tasks.system import compare_files as module
from release_tasks.system.compare_files import compare_files, compare_tensor_files

IN_ONE_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
FLOATS = {"F64": (8, "<f8"), "F32": (4, "<f4"), "F16": (2, "<f2")}
INTEGERS = {
    "I8": "i1",
    "U8": "u1",
    "BOOL": "u1",
    "I16": "<i2",
    "U16": "<u2",
    "I32": "<i4",
    "U32": "<u4",
    "I64": "<i8",
    "U64": "<u8",
}


def tensors_of(path: Path, tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> Path:
    path.write_bytes(b"".join(dump_tensors(tensors, metadata)))
    return path


def raw(dtype: str, shape: tuple[int, ...], data: bytes) -> RawTensor:
    return RawTensor(dtype=dtype, shape=shape, buffer=data)


def compared(folder: Path, before: dict[str, Any], after: dict[str, Any]) -> FileDifference:
    old, new = tensors_of(folder / "a", before), tensors_of(folder / "b", after)
    return compare_files(old, new, name="model.safetensors")


def changed(
    folder: Path, dtype: str, old: bytes, new: bytes, shape: tuple[int, ...] | None = None
) -> TensorDifference:
    bits = {"F4": 4, "F6_E2M3": 6}.get(dtype, 0)
    width = {"F64": 8, "C64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4}.get(
        dtype, 1 if dtype[:2] in {"F8", "I8", "U8", "BO"} else 2
    )
    shape = shape or ((len(old) * 8 // bits,) if bits else (len(old) // width,))
    found = compared(folder, {"t": raw(dtype, shape, old)}, {"t": raw(dtype, shape, new)})
    (one,) = found.tensors
    return one


@IN_ONE_FOLDER
@given(
    data=st.binary(max_size=200),
    name=st.sampled_from(["m.safetensors", "a.json", "a.jsonl", "a.txt", "a.gguf", "a.zip"]),
)
def test_a_file_is_identical_to_itself(tmp_path: Path, data: bytes, name: str) -> None:
    for path in ("a", "b"):
        (tmp_path / path).write_bytes(data)
    for other in ("a", "b"):
        found = compare_files(tmp_path / "a", tmp_path / other, name=name)
        assert (found.relation, found.offset, found.size) == ("identical", None, (len(data), len(data)))


@IN_ONE_FOLDER
@given(
    one=st.binary(max_size=60),
    other=st.binary(max_size=60),
    name=st.sampled_from(["m.safetensors", "a.json", "a.jsonl", "a.txt", "a.gguf"]),
)
def test_any_two_files_can_be_compared(tmp_path: Path, one: bytes, other: bytes, name: str) -> None:
    (tmp_path / "a").write_bytes(one)
    (tmp_path / "b").write_bytes(other)
    there = compare_files(tmp_path / "a", tmp_path / "b", name=name)
    back = compare_files(tmp_path / "b", tmp_path / "a", name=name)
    assert (there.relation == "identical") == (one == other)
    assert (there.format, there.relation, there.offset) == (back.format, back.relation, back.offset)
    assert there.values.count == back.values.count
    json.dumps(there.to_json(), allow_nan=False)


def neighbour(value: np.floating[Any], steps: int) -> np.floating[Any]:
    """The number that many representable ones away, walked by numpy, which counts no bits."""
    goal = value.dtype.type(math.inf if steps > 0 else -math.inf)
    for _ in range(abs(steps)):
        value = np.nextafter(value, goal)
    return value


@IN_ONE_FOLDER
@given(
    dtype=st.sampled_from(sorted(FLOATS)),
    shape=st.lists(st.integers(1, 5), max_size=3),
    seed=st.integers(0, 2**32 - 1),
    steps=st.integers(-40, 40).filter(bool),
)
def test_one_changed_element_is_found_with_index_ulp_and_distance(
    tmp_path: Path, dtype: str, shape: list[int], seed: int, steps: int
) -> None:
    random = np.random.default_rng(seed)
    old = (random.standard_normal(shape) * 10.0 ** random.integers(-6, 4)).astype(FLOATS[dtype][1])
    old = np.asarray(old)
    new = old.copy()
    index = tuple(int(random.integers(extent)) for extent in shape)
    new[index] = neighbour(old[index], steps)
    (found,) = compared(tmp_path, {"w": old, "same": old}, {"w": new, "same": old}).tensors
    assert (found.name, found.kind, found.elements, found.differing) == ("w", "changed", old.size, 1)
    assert (found.first_index, found.max_ulp, found.nan) == (index, abs(steps), 0)
    assert found.max_abs == abs(float(new[index]) - float(old[index]))


@IN_ONE_FOLDER
@given(dtype=st.sampled_from(sorted(INTEGERS)), data=st.data())
def test_integers_have_an_exact_distance_and_no_ulp(tmp_path: Path, dtype: str, data: st.DataObject) -> None:
    info = np.iinfo(INTEGERS[dtype])
    values = st.lists(st.integers(int(info.min), int(info.max)), min_size=4, max_size=4)
    old, new = data.draw(values), data.draw(values)
    sides = (np.array(side, INTEGERS[dtype]).tobytes() for side in (old, new))
    if old == new:
        return
    found = changed(tmp_path, dtype, *sides)
    apart = [abs(one - other) for one, other in zip(old, new, strict=True)]
    assert (found.max_abs, found.max_ulp, found.differing) == (max(apart), None, sum(map(bool, apart)))
    assert found.first_index == (next(at for at, one in enumerate(apart) if one),)


@IN_ONE_FOLDER
@given(
    old=st.binary(min_size=24, max_size=24),
    new=st.binary(min_size=24, max_size=24),
    dtype=st.sampled_from(
        [
            "F64",
            "F32",
            "F16",
            "BF16",
            "C64",
            "I16",
            "F8_E5M2",
            "F8_E4M3",
            "F8_E4M3FNUZ",
            "F8_E5M2FNUZ",
            "F8_E8M0",
            "F4",
            "F6_E2M3",
        ]
    ),
)
def test_counts_and_distances_are_symmetric_for_any_bits(
    tmp_path: Path, old: bytes, new: bytes, dtype: str
) -> None:
    if old == new:
        return
    there, back = changed(tmp_path, dtype, old, new), changed(tmp_path, dtype, new, old)
    assert there == back
    assert (there.max_abs is None) == (there.nan > 0 or there.unit == "byte")


def test_zeros_of_both_signs_differ_by_bits_only(tmp_path: Path) -> None:
    for dtype, (_, kind) in FLOATS.items():
        found = changed(
            tmp_path, dtype, np.array([0.0, 1.0], kind).tobytes(), np.array([-0.0, 1.0], kind).tobytes()
        )
        assert (found.differing, found.max_abs, found.max_ulp) == (1, 0.0, 0)


def test_the_widest_distances(tmp_path: Path) -> None:
    found = changed(tmp_path, "F64", struct.pack("<d", math.inf), struct.pack("<d", -math.inf))
    assert (found.max_abs, found.max_ulp) == (math.inf, 2 * 0x7FF0000000000000)
    found = changed(tmp_path, "F64", struct.pack("<d", math.inf), struct.pack("<d", 1.7976931348623157e308))
    assert (found.max_abs, found.max_ulp) == (math.inf, 1)
    assert (
        changed(tmp_path, "I64", struct.pack("<q", -(2**63)), struct.pack("<q", 2**63 - 1)).max_abs
        == 2**64 - 1
    )


def test_nan_has_no_distance_and_is_counted(tmp_path: Path) -> None:
    old, new = struct.pack("<3f", 1.0, 2.0, math.nan), struct.pack("<3f", math.nan, 5.0, math.nan)
    found = changed(tmp_path, "F32", old, new)
    assert (found.differing, found.nan, found.max_abs, found.max_ulp) == (2, 1, None, None)
    other_payload = changed(tmp_path, "F32", b"\x01\x00\xc0\x7f", b"\x02\x00\xc0\x7f")
    assert (other_payload.differing, other_payload.nan, other_payload.max_ulp) == (1, 1, None)


def test_narrow_floats(tmp_path: Path) -> None:
    assert changed(tmp_path, "BF16", b"\x80\x3f", b"\x81\x3f").max_abs == 2.0**-7
    assert changed(tmp_path, "F8_E5M2", b"\x3c", b"\x3d").max_abs == 0.25
    assert changed(tmp_path, "F8_E4M3", b"\x38", b"\x39").max_abs == 0.125
    assert changed(tmp_path, "F8_E4M3", b"\x00", b"\x01").max_abs == 2.0**-9
    assert changed(tmp_path, "F8_E4M3", b"\x38", b"\xff").nan == 1
    assert changed(tmp_path, "F8_E4M3FNUZ", b"\x40", b"\x41").max_abs == 0.125
    assert changed(tmp_path, "F8_E4M3FNUZ", b"\x40", b"\x80").nan == 1
    assert changed(tmp_path, "F8_E5M2FNUZ", b"\x40", b"\x41").max_abs == 0.25
    assert changed(tmp_path, "F8_E8M0", b"\x7f", b"\x80").max_abs == 1.0
    assert changed(tmp_path, "F8_E8M0", b"\x7f", b"\x81").max_ulp == 2
    assert changed(tmp_path, "F8_E8M0", b"\x7f", b"\xff").nan == 1


def test_complex_numbers_by_their_parts(tmp_path: Path) -> None:
    old, new = struct.pack("<4f", 1, 2, math.nan, 4), struct.pack("<4f", 1, 2.5, math.nan, 8)
    found = changed(tmp_path, "C64", old, new)
    assert (found.elements, found.differing, found.max_abs, found.nan) == (2, 2, 4.0, 0)


def test_types_packed_below_a_byte_are_compared_by_byte(tmp_path: Path) -> None:
    found = changed(tmp_path, "F4", b"\x12\x34", b"\x12\x35")
    assert (found.unit, found.elements, found.differing, found.first_index) == ("byte", 2, 1, (1,))
    assert (found.max_abs, found.max_ulp) == (None, None)


def test_every_kind_sorted_by_name(tmp_path: Path) -> None:
    one, wide = np.ones((2, 3), "f4"), np.ones((2, 3), "f8")
    found = compared(
        tmp_path,
        {
            "gone": one,
            "shape": one,
            "type": one,
            "same": one,
            "scalar": np.float32(1)[()] * np.ones((), "f4"),
        },
        {"new": one, "shape": one.T, "type": wide, "same": one, "scalar": np.zeros((), "f4")},
    )
    assert [(tensor.name, tensor.kind) for tensor in found.tensors] == [
        ("gone", "removed"), ("new", "added"), ("scalar", "changed"), ("shape", "reshaped"), ("type", "retyped")
    ]  # fmt: skip
    gone, _, scalar, shape, _ = found.tensors
    assert (gone.dtype_before, gone.dtype_after, gone.shape_after, gone.elements) == ("F32", None, None, 6)
    assert (shape.shape_before, shape.shape_after) == ((2, 3), (3, 2))
    assert (scalar.first_index, scalar.max_abs) == ((), 1.0)
    assert (found.relation, found.tensor_count) == ("different", 5)


def test_only_the_metadata_differs(tmp_path: Path) -> None:
    old = tensors_of(tmp_path / "a", {"w": np.ones(3)}, {"format": "pt"})
    new = tensors_of(tmp_path / "b", {"w": np.ones(3)}, {"format": "np", "k": "v"})
    found = compare_files(old, new, name="m.safetensors")
    assert (found.relation, found.tensors, found.header.count) == ("tensors-equal", (), 2)
    assert found.header.shown == (
        ValueDifference(key="metadata.format", before='"pt"', after='"np"'),
        ValueDifference(key="metadata.k", before=None, after='"v"'),
    )


def test_the_order_of_metadata_and_of_tensors_is_a_matter_of_the_header(tmp_path: Path) -> None:
    def file(path: str, names: str, metadata: dict[str, str]) -> Path:
        table: dict[str, Any] = {"__metadata__": metadata}
        table |= {
            name: {"dtype": "U8", "shape": [1], "data_offsets": [at, at + 1]} for at, name in enumerate(names)
        }
        header = json.dumps(table).encode()
        (tmp_path / path).write_bytes(struct.pack("<Q", len(header)) + header + names.encode())
        return tmp_path / path

    first = file("a", "xy", {"k": "1", "l": "2"})
    found = compare_files(first, file("b", "xy", {"l": "2", "k": "1"}), name="m.safetensors")
    assert (found.relation, found.header.count) == ("tensors-equal", 0)
    found = compare_files(first, file("b", "yx", {"k": "1", "l": "2"}), name="m.safetensors")
    assert found.relation == "tensors-equal"
    assert found.header.shown == (ValueDifference(key="order[0]", before='"x"', after='"y"'),)


def test_tensors_larger_than_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("release_tasks.system.compare_tensors._CHUNK", 10)
    old = np.arange(100, dtype="<f8").reshape(10, 10)
    new = old.copy()
    new[7, 3], new[9, 9] = 0.0, -1.0
    (found,) = compared(tmp_path, {"w": old}, {"w": new}).tensors
    assert (found.differing, found.first_index, found.max_abs) == (2, (7, 3), 100.0)


def test_shards_are_compared_as_one_model(tmp_path: Path) -> None:
    whole = tensors_of(tmp_path / "whole", {"a": np.ones(2), "b": np.ones(3)})
    shards = (tensors_of(tmp_path / "1", {"b": np.ones(3)}), tensors_of(tmp_path / "2", {"a": np.ones(2)}))
    found = compare_tensor_files((whole,), shards, name="model")
    assert (found.relation, found.tensors, found.tensor_count) == ("tensors-equal", (), 2)
    with pytest.raises(FormatError, match="two shards have a tensor of one name"):
        compare_tensor_files((whole,), (shards[0], shards[0]), name="model")


def write_gguf(path: Path, scale: float = 1.0, tokens: int = 4) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_array("tokenizer.ggml.tokens", [f"t{number}" for number in range(tokens)])
    writer.add_float32("llama.rope.freq_base", float("inf"))
    weights = np.ones((2, 64), np.float32)
    weights[1, 40] = scale
    writer.add_tensor("w", weights)
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("q", gguf.quantize(weights, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_gguf_by_element_and_by_block(tmp_path: Path) -> None:
    found = compare_files(write_gguf(tmp_path / "a"), write_gguf(tmp_path / "b", 0.5), name="m.gguf")
    blocks, plain = found.tensors
    assert (found.format, found.relation, found.header.count) == ("gguf", "different", 0)
    assert (plain.shape_after, plain.first_index, plain.max_abs) == ((2, 64), (1, 40), 0.5)
    assert (blocks.name, blocks.dtype_after, blocks.unit, blocks.elements) == ("q", "Q8_0", "block", 4)
    assert (blocks.differing, blocks.first_index, blocks.max_ulp) == (1, (1, 1), None)
    assert blocks.max_abs == pytest.approx(0.5, abs=0.01)


def test_gguf_metadata_is_compared_whole(tmp_path: Path) -> None:
    found = compare_files(write_gguf(tmp_path / "a"), write_gguf(tmp_path / "b", tokens=5), name="m.gguf")
    assert (found.relation, found.header.count) == ("tensors-equal", 1)
    assert found.header.shown[0] == ValueDifference(
        key='metadata["tokenizer.ggml.tokens"][4]', before=None, after='"t4"'
    )


def test_without_the_gguf_library_bytes_are_compared_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = write_gguf(tmp_path / "a"), write_gguf(tmp_path / "b", 0.5)
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "gguf":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    found = compare_files(old, new, name="m.gguf")
    assert (found.format, found.relation, found.tensors) == ("binary", "different", ())
    assert found.note == "not compared as gguf: GGUF files need the gguf library, no module gguf"


def files(folder: Path, old: bytes, new: bytes, name: str) -> FileDifference:
    (folder / "a").write_bytes(old)
    (folder / "b").write_bytes(new)
    return compare_files(folder / "a", folder / "b", name=name)


def test_json_by_key(tmp_path: Path) -> None:
    found = files(tmp_path, b'{"a": {"b": 1}, "c": NaN}', b'{"c": NaN, "a": {"b": 2}}', "config.json")
    assert (found.format, found.note, found.text) == ("json", None, None)
    assert found.values.shown == (ValueDifference(key="a.b", before="1", after="2"),)
    assert files(tmp_path, b'{"a": 1}', b'{"a":1}', "config.json").values.count == 0


def test_json_lines_by_row(tmp_path: Path) -> None:
    found = files(tmp_path, b'{"a": 1}\n{"a": 2}\n', b'{"a": 1}\n{"a": 3}\n{"b": 4}\n', "r.jsonl")
    assert found.values.count == 2
    assert found.values.shown == (
        ValueDifference(key="line 2.a", before="2", after="3"),
        ValueDifference(key="line 3", before=None, after='{"b": 4}'),
    )


def test_malformed_json_is_compared_as_text(tmp_path: Path) -> None:
    found = files(tmp_path, b"{\n", b"{}\n", "config.json")
    assert (found.format, found.text) == (
        "text",
        TextDifference(removed=1, added=1, lines=("@@ -1,2 +1,2 @@", "-{", "+{}", " ")),
    )
    assert found.note is not None
    assert found.note.startswith("not compared as json: not JSON, Expecting property name")


def test_malformed_tensors_are_compared_as_bytes(tmp_path: Path) -> None:
    found = files(tmp_path, b"no safetensors\n", b"nor this\n", "m.safetensors")
    assert (found.format, found.offset) == ("binary", 2)
    assert found.note is not None
    assert found.note.startswith("not compared as safetensors: safetensors header too large")


def test_yaml_is_text_and_the_rest_binary(tmp_path: Path) -> None:
    assert files(tmp_path, b"a: 1\n", b"a: 2\n", "c.yaml").format == "text"
    found = files(tmp_path, b"\0one", b"\0other", "a.tar")
    assert (found.format, found.offset, found.size, found.note) == ("binary", 2, (4, 6), None)
    assert files(tmp_path, b"\xff", b"\xfe", "a.txt").note is None
    assert files(tmp_path, b"abc", b"abcd", "a.bin").offset == 3


def test_a_text_too_large_for_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TEXT_BYTES", 3)
    found = files(tmp_path, b"abcd", b"abce", "a.txt")
    assert (found.format, found.note) == ("binary", "not compared as text: text too large, 4 bytes")
    monkeypatch.setattr(module, "MAX_JSON_BYTES", 3)
    found = files(tmp_path, b"[1, 2]", b"[1, 3]", "a.json")
    assert (
        found.note
        == "not compared as json: JSON too large, 6 bytes; not compared as text: text too large, 6 bytes"
    )


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(IntegrityError, match="not a regular file"):
        compare_files(tmp_path / "a", tmp_path / "b", name="a")
