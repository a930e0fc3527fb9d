from typing import Any

import pytest

from tests.fakes.release_toml import SCHEMA, changed, parse, problems

# (what of the full sample is changed, to what, the whole text of all problems); True: the JSON Schema refuses it
BROKEN = [
    ("parity/f32/kind", ..., "kind is missing\n  wanted: fp32 or quantised; it is never guessed from a name\n  where:  release.toml: parity.f32.kind", True),
    ("parity/f32/kind", "q8", 'value refused\n  wanted: one of fp32, quantised\n  found:  string "q8"\n  where:  release.toml: parity.f32.kind', True),
    ("parity/f32/candidate", "build/model.safetensors", "a file is compared with itself\n  found: build/model.safetensors\n  where: release.toml: parity.f32.candidate", False),
    ("parity/f32/reference", "build/model.safetensor", "file is no artifact of the release\n  wanted: a file of model, index, gguf or extra in [artifacts]\n  found:  build/model.safetensor\n  where:  release.toml: parity.f32.reference\n  hint:   did you mean build/model.safetensors?", False),
    ("parity/f32/candidate", "build/tokenizer.json", "file is no artifact of the release\n  wanted: a file of model, index, gguf or extra in [artifacts]\n  found:  build/tokenizer.json\n  where:  release.toml: parity.f32.candidate", False),
    ("parity/f32/candidate", "build/*.gguf", "path refused: it is a pattern\n  wanted: the name of one file, no * ? [ ]\n  found:  build/*.gguf\n  where:  release.toml: parity.f32.candidate", True),
    ("parity/f32/command", ["logits"], "command does not use {model}\n  wanted: an element that holds {model}\n  found:  logits\n  where:  release.toml: parity.f32.command", True),
    ("parity/f32/prompts", ..., 'prompts is missing\n  wanted: the prompts, JSON Lines of {"prompt": …}\n  where:  release.toml: parity.f32.prompts', True),
    ("parity/f32/steps", 0, "number out of range\n  wanted: 1 to 100000\n  found:  integer 0\n  where:  release.toml: parity.f32.steps", True),
    ("parity/f32/min_tau", 95, "number out of range\n  wanted: -1 to 1\n  found:  integer 95\n  where:  release.toml: parity.f32.min_tau", True),
    ("parity/f32/max_nll", -0.1, "number out of range\n  wanted: 0 or more\n  found:  float -0.1\n  where:  release.toml: parity.f32.max_nll", True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_whole_message(path: str, value: Any, message: str, *, in_schema: bool) -> None:
    document = changed(path, value, "full")
    assert problems(document) == message
    assert SCHEMA.is_valid(document) != in_schema


def test_a_side_may_come_from_a_glob_of_extra() -> None:
    document = changed("artifacts/extra", ["onnx/*.onnx"], "full")
    document["parity"]["f32"]["candidate"] = "onnx/model.onnx"
    assert parse(document).parity[0].candidate == "onnx/model.onnx"
    document["parity"]["f32"]["candidate"] = "onnx/deep/model.onnx"
    assert problems(document).startswith("file is no artifact of the release\n")


def test_the_index_stands_for_all_shards() -> None:
    pair = {"kind": "fp32", "command": ["l", "{model}"], "prompts": "p.jsonl", "candidate": "a.gguf"}
    document = changed("artifacts/gguf", ["a.gguf"], "sharded")
    document["parity"] = {"a": {**pair, "reference": document["artifacts"]["index"]}}
    assert parse(document).parity[0].reference == document["artifacts"]["index"]


def test_without_artifacts_only_their_own_problems_are_told() -> None:
    document = changed("artifacts/config", ..., "full")
    assert problems(document) == (
        "config is missing\n  wanted: the model's configuration, JSON or YAML\n"
        "  where:  release.toml: artifacts.config"
    )
