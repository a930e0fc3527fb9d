"""One model in three files: safetensors, GGUF in F32, GGUF in Q8_0."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
from model import Config, Params, forward, generate, logits_of
from records import question
from tokenizer import Tokenizer
from weights import read_model

Model = tuple[Params, Config]
PROMPTS = [
    "Write solve(xs): return the sum of the squares of the numbers in xs that are even.",
    "Write solve(n): return n times 3 plus 4.",
    "Write solve(s): return s in upper case.",
]
Q8_TOLERANCE = 1.0  # of a logit; of these prompts, 8 bits move none by more than 0.23


def gguf_file(build: Path, kind: str) -> Path:
    (found,) = build.glob(f"*-{kind}.gguf")
    return found


def logits(model: Model, tokenizer: Tokenizer, prompt: str) -> np.ndarray:
    params, config = model
    states, _ = forward(params, config, np.array([tokenizer.encode(question(prompt))]))
    return logits_of(params, states)


@pytest.mark.structural
def test_the_f32_file_holds_the_same_numbers(build: Path, model: Model, tokenizer: Tokenizer) -> None:
    params, config = read_model(gguf_file(build, "F32"))
    assert config == model[1]
    assert {name: value.tobytes() for name, value in params.items()} == {
        name: np.ascontiguousarray(value).tobytes() for name, value in model[0].items()
    }
    for prompt in PROMPTS:
        np.testing.assert_allclose(
            logits((params, config), tokenizer, prompt), logits(model, tokenizer, prompt), rtol=0, atol=1e-4
        )


@pytest.mark.structural
@pytest.mark.parametrize("prompt", PROMPTS)
def test_logits_of_q8_0_are_near(build: Path, model: Model, tokenizer: Tokenizer, prompt: str) -> None:
    rough = read_model(gguf_file(build, "Q8_0"))
    difference = abs(logits(rough, tokenizer, prompt) - logits(model, tokenizer, prompt))
    assert 0 < difference.max() < Q8_TOLERANCE


@pytest.mark.heuristic
@pytest.mark.parametrize("prompt", PROMPTS)
def test_q8_0_writes_the_same_answer(build: Path, model: Model, tokenizer: Tokenizer, prompt: str) -> None:
    ids = tokenizer.encode(question(prompt))
    rough = read_model(gguf_file(build, "Q8_0"))
    assert generate(*rough, ids, 40) == generate(*model, ids, 40)


@pytest.mark.structural
@pytest.mark.parametrize("kind", ["F32", "Q8_0"])
def test_the_tokenizer_of_the_gguf_file_is_the_released_one(
    build: Path, tokenizer: Tokenizer, kind: str
) -> None:
    fields = gguf.GGUFReader(gguf_file(build, kind)).fields
    assert fields["tokenizer.ggml.tokens"].contents() == tokenizer.tokens
    assert fields["tokenizer.ggml.merges"].contents() == [" ".join(pair) for pair in tokenizer.merges]


@pytest.mark.structural
def test_the_configuration_names_the_network(build: Path, tokenizer: Tokenizer) -> None:
    config = json.loads((build / "config.json").read_bytes())
    assert config["architecture"] == "llama"
    assert config["vocab_size"] == len(tokenizer.tokens)
