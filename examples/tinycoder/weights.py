"""Read a model from a release folder, from `model.safetensors` or from a GGUF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from model import Config, Params, shapes
from safetensors.numpy import load_file
from tokenizer import Tokenizer


def read_safetensors(weights: Path, config: Path) -> tuple[Params, Config]:
    """Return tensors and shape; ValueError when they do not fit each other."""
    shape = Config.load(config)
    return _checked(dict(load_file(weights)), shape, weights), shape


def read_gguf(path: Path) -> tuple[Params, Config]:
    """Return tensors (Q8_0 dequantised to float32) and shape from a GGUF file that `export_gguf.py` wrote."""
    import gguf  # noqa: PLC0415 - only those who read GGUF need the library

    reader = gguf.GGUFReader(path)

    def value(key: str) -> Any:
        return reader.fields[key].contents()

    config = Config(
        vocab_size=len(value("tokenizer.ggml.tokens")),
        width=value("llama.embedding_length"),
        layers=value("llama.block_count"),
        heads=value("llama.attention.head_count"),
        hidden=value("llama.feed_forward_length"),
        context=value("llama.context_length"),
        rope_base=round(value("llama.rope.freq_base"), 6),
        norm_eps=round(value("llama.attention.layer_norm_rms_epsilon"), 12),
    )
    params = {
        str(tensor.name): np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type), np.float32)
        for tensor in reader.tensors
    }
    return _checked(params, config, path), config


def read_model(path: Path, config: Path | None = None) -> tuple[Params, Config]:
    """Return a model from a folder, a `.safetensors` file or a `.gguf` file.

    config.json is looked for beside the weights unless given; GGUF carries its own.
    """
    if path.suffix == ".gguf":
        return read_gguf(path)
    weights = path / "model.safetensors" if path.is_dir() else path
    return read_safetensors(weights, config or weights.parent / "config.json")


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a file or of a folder with `tokenizer.json`."""
    return Tokenizer.load(path / "tokenizer.json" if path.is_dir() else path)


def _checked(params: Params, config: Config, path: Path) -> Params:
    wanted = shapes(config)
    found = {name: value.shape for name, value in params.items()}
    if found != wanted:
        odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise ValueError(f"{path}: tensors do not fit the configuration: {json.dumps(odd)}")
    return params
