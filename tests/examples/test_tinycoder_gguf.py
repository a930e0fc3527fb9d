from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

CODER = Path(__file__).resolve().parents[2] / "examples" / "tinycoder"
sys.path.insert(0, str(CODER))

from model import Config, Params, forward, init  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402
from weights import read_gguf, read_safetensors  # noqa: E402

CONFIG = Config(vocab_size=270, width=32, layers=1, heads=2, hidden=64, context=48)


def export(folder: Path, kind: str, out: str) -> Path:
    command = [sys.executable, str(CODER / "export_gguf.py"), "--model", "model.safetensors"]
    command += ["--config", "config.json", "--tokenizer", "tokenizer.json", "--type", kind]
    subprocess.run(
        [*command, "--version", "1.2.3", "--out", out], cwd=folder, check=True, capture_output=True
    )
    return folder / out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("model")
    save_file(init(CONFIG, 11), found / "model.safetensors", metadata={"format": "np"})
    (found / "config.json").write_bytes(CONFIG.dump())
    Tokenizer.train(["the quick brown fox " * 3 + "jumps over the lazy dog"], 270).save(
        found / "tokenizer.json"
    )
    for kind in ("F32", "Q8_0"):
        export(found, kind, f"{kind}.gguf")
    return found


def original(folder: Path) -> Params:
    return read_safetensors(folder / "model.safetensors", folder / "config.json")[0]


def test_f32_holds_the_same_bytes(folder: Path) -> None:
    params, config = read_gguf(folder / "F32.gguf")
    assert config == CONFIG
    wanted = original(folder)
    assert {name: value.tobytes() for name, value in params.items()} == {
        name: value.tobytes() for name, value in wanted.items()
    }


def test_q8_0_is_within_half_a_step_of_each_block(folder: Path) -> None:
    params, config = read_gguf(folder / "Q8_0.gguf")
    assert config == CONFIG
    for name, value in original(folder).items():
        if value.ndim == 1:
            np.testing.assert_array_equal(params[name], value)
            continue
        blocks = value.reshape(-1, 32)
        step = abs(blocks).max(1, keepdims=True) / 127
        error = abs(params[name].reshape(-1, 32) - blocks)
        # The scale is stored as float16: 2**-11 of the value on top of half a step.
        assert (error <= step / 2 + abs(blocks) * 2**-10).all()
        assert error.max() > 0
    assert (folder / "Q8_0.gguf").stat().st_size < (folder / "F32.gguf").stat().st_size


def test_states_of_q8_0_are_near_but_not_equal(folder: Path) -> None:
    tokens = np.arange(40)[None]
    exact, _ = forward(original(folder), CONFIG, tokens)
    rough, _ = forward(read_gguf(folder / "Q8_0.gguf")[0], CONFIG, tokens)
    assert 0 < abs(exact - rough).max() < 0.1


@pytest.mark.parametrize("kind", ["F32", "Q8_0"])
def test_a_second_export_gives_the_same_bytes(folder: Path, kind: str) -> None:
    again = export(folder, kind, f"again/{kind}.gguf")
    assert again.read_bytes() == (folder / f"{kind}.gguf").read_bytes()


def test_metadata_and_types(folder: Path) -> None:
    reader = gguf.GGUFReader(folder / "Q8_0.gguf")
    found = {key: field.contents() for key, field in reader.fields.items()}
    wanted = {
        "general.architecture": "llama",
        "general.name": "tinycoder",
        "general.version": "1.2.3",
        "general.license": "apache-2.0",
        "general.size_label": "19K",
        "general.quantized_by": "The release_tasks developers",
        "general.dataset.0.name": "tinycoder-records",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.eos_token_id": 0,
    }
    assert {key: found.get(key) for key in wanted} == wanted
    assert len(found["tokenizer.ggml.tokens"]) == CONFIG.vocab_size
    types = {str(tensor.name): tensor.tensor_type.name for tensor in reader.tensors}
    assert types["token_embd.weight"] == types["blk.0.ffn_up.weight"] == "Q8_0"
    assert types["output_norm.weight"] == "F32"


def test_weights_that_do_not_fit_the_configuration_are_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(CONFIG.dump().replace(b'"hidden": 64', b'"hidden": 96'))
    with pytest.raises(ValueError) as refused:
        read_safetensors(folder / "model.safetensors", path)
    names = '["blk.0.ffn_down.weight", "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"]'
    assert str(refused.value) == (
        f"{folder / 'model.safetensors'}: tensors do not fit the configuration: {names}"
    )
