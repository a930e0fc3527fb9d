from __future__ import annotations

import contextlib
import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release_tasks.errors import EnvironmentRefused, FormatError, IntegrityError, ReleaseError
from release_tasks.verbs.inspect import inspect_file, render_inspection
from tests.fakes.release_tree import WEIGHTS

TOKENIZER = {
    "version": "1.0",
    "added_tokens": [{"id": 0, "content": "<s>", "special": True}],
    "normalizer": {"type": "NFC"},
    "model": {"type": "BPE", "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3}, "merges": ["a b"]},
}


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def safetensors(header: dict[str, Any], payload: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + payload


def write_gguf(path: Path) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "c", "d"])
    writer.add_float32("llama.rope.freq_base", float("inf"))
    writer.add_tensor("w", np.ones((2, 32), np.float32))
    writer.add_tensor(
        "q",
        gguf.quantize(np.ones((2, 32), np.float32), gguf.GGMLQuantizationType.Q8_0),
        raw_dtype=gguf.GGMLQuantizationType.Q8_0,
    )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_b20_a_safetensors_file(tmp_path: Path) -> None:
    header = {
        "__metadata__": {"format": "np"},
        "b": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "a": {"dtype": "U8", "shape": [], "data_offsets": [24, 25]},
    }
    data = safetensors(header, bytes(25))
    found = inspect_file(write(tmp_path / "m.safetensors", data))
    digest = hashlib.sha256(data).hexdigest()
    assert found == {
        "file": "m.safetensors",
        "bytes": len(data),
        "sha256": digest,
        "format": "safetensors",
        "canonical": False,
        "metadata": {"format": "np"},
        "parameters": 7,
        "dtypes": {"F32": 1, "U8": 1},
        "tensors": [
            {"name": "a", "dtype": "U8", "shape": [], "elements": 1, "bytes": 1},
            {"name": "b", "dtype": "F32", "shape": [2, 3], "elements": 6, "bytes": 24},
        ],
    }
    assert render_inspection(found) == (
        "file        m.safetensors\n"
        f"bytes       {len(data)}\n"
        f"sha256      {digest}\n"
        "format      safetensors\n"
        "canonical   no\n"
        "parameters  7\n"
        "dtypes      F32 1, U8 1\n"
        "metadata\n"
        "  format  np\n"
        "tensors (2)\n"
        "  a  U8   scalar\n"
        "  b  F32  2x3\n"
    )


def test_b20_a_gguf_file(tmp_path: Path) -> None:
    found = inspect_file(write_gguf(tmp_path / "m.gguf"))
    assert (found["format"], found["gguf_version"], found["parameters"]) == ("gguf", 3, 128)
    assert found["metadata"] == {
        "general.architecture": "llama",
        "general.name": "tiny",
        "tokenizer.ggml.tokens": {"length": 4, "first": ["a", "b", "c"]},
        "llama.rope.freq_base": "inf",
    }
    assert found["tensors"] == [
        {"name": "q", "dtype": "Q8_0", "shape": [32, 2], "elements": 64, "bytes": 68},
        {"name": "w", "dtype": "F32", "shape": [32, 2], "elements": 64, "bytes": 256},
    ]
    text = render_inspection(found)
    assert "  tokenizer.ggml.tokens  4 items, the first a, b, c\n" in text
    assert text.endswith("tensors (2)\n  q  Q8_0  32x2\n  w  F32   32x2\n")
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_b20_a_tokenizer(tmp_path: Path) -> None:
    found = inspect_file(write(tmp_path / "tokenizer.json", json.dumps(TOKENIZER).encode()))
    assert {key: found[key] for key in ("format", "type", "tokens", "merges", "special", "parts")} == {
        "format": "tokenizer.json",
        "type": "BPE",
        "tokens": 4,
        "merges": 1,
        "special": {"<s>": 0},
        "parts": {"normalizer": "NFC", "pre_tokenizer": None, "post_processor": None, "decoder": None},
    }
    assert "special  <s> 0\nparts\n  normalizer      NFC\n" in render_inspection(found)


def test_a_long_table_is_cut_and_says_so(tmp_path: Path) -> None:
    header = {f"t{n:03}": {"dtype": "U8", "shape": [1], "data_offsets": [n, n + 1]} for n in range(45)}
    text = render_inspection(inspect_file(write(tmp_path / "m", safetensors(header, bytes(45)))))
    assert text.endswith("  t039  U8  1\n  and 5 more; --json shows all\n")


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"", "an empty file"), (b"PK\x03\x04", "a file that begins with b'PK\\x03\\x04'"), (b"[1]", None)],
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes, found: str | None) -> None:
    with pytest.raises(FormatError) as caught:
        inspect_file(write(tmp_path / "x", data))
    assert caught.value.what == "not a file that can be looked into"
    assert caught.value.wanted == "safetensors, GGUF or tokenizer.json"
    assert found is None or caught.value.found == found


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        inspect_file(tmp_path)


def test_without_the_library_gguf_is_said_to_need_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "m.gguf")
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(EnvironmentRefused) as caught:
        inspect_file(path)
    assert caught.value.hint == "pip install 'release_tasks[gguf]'"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    return {
        "gguf": write_gguf(folder / "m").read_bytes(),
        "safetensors": WEIGHTS,
        "tokenizer": json.dumps(TOKENIZER).encode(),
    }


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    kind=st.sampled_from(["gguf", "safetensors", "tokenizer"]),
    damage=st.tuples(st.integers(0, 400), st.integers(0, 255), st.booleans()),
)
def test_a_damaged_file_is_read_or_refused_without_a_traceback(
    tmp_path: Path, sound: dict[str, bytes], kind: str, damage: tuple[int, int, bool]
) -> None:
    at, value, cut = damage
    data = bytearray(sound[kind])
    place = at % len(data)
    data[place] = value
    path = write(tmp_path / "damaged", bytes(data[:place] if cut else data))
    with contextlib.suppress(ReleaseError):
        render_inspection(inspect_file(path))
