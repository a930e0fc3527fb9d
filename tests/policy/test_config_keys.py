"""A configuration as dotted keys: plain values as they are, all else as a digest."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.config_keys import config_keys
from release_tasks.records.json_value import JSON
from release_tasks.system.scanners.planted import aws_key, github_token, random_text


def digest(value: JSON) -> str:
    return f"sha256:{hashlib.sha256(dump_canonical(value)).hexdigest()}"


def test_every_key_is_dotted_and_sorted_lists_and_empty_objects_are_digests() -> None:
    config: JSON = {"rope": {"theta": 1e4, "kind": None}, "layers": [1, 2], "empty": {}, "tied": True}
    assert config_keys(config) == (
        ("empty", digest({})),
        ("layers", digest([1, 2])),
        ("rope.kind", None),
        ("rope.theta", 1e4),
        ("tied", True),
    )
    assert config_keys([1]) == (("", digest([1])),)


@pytest.mark.parametrize(
    "text",
    [
        "gelu",
        "float8_e4m3fn",
        "bfloat16",
        "4.40.1",
        "LlamaForSequenceClassification",
        "Qwen2ForCausalLM",
        "meta-llama/Meta-Llama-3.1-8B-Instruct-2024-07-23",
        "<|end_of_text|>",
        "a sentence of 1 or 2 lines, as 3 people write them in 2026",
        "",
    ],
)
def test_names_versions_and_sentences_are_plain(text: str) -> None:
    assert config_keys({"key": text}) == (("key", text),)


@pytest.mark.parametrize(
    "secret", [aws_key(), github_token(), random_text(), "hf_" + "abcdefghijklmnopqr" * 2]
)
@pytest.mark.parametrize("form", ["{}", "log in with {}", "https://user:{}@models.invalid/w", '"{}"'])
def test_what_may_be_a_secret_is_a_digest(secret: str, form: str) -> None:
    text = form.format(secret)
    assert config_keys({"key": text}) == (("key", digest(text)),)


def test_a_long_text_is_a_digest() -> None:
    assert config_keys({"key": "a b " * 50}) == (("key", "a b " * 50),)
    assert config_keys({"key": "a b " * 50 + "."}) == (("key", digest("a b " * 50 + ".")),)


@given(
    st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.booleans() | st.none(), min_size=1)
)
def test_two_configurations_have_the_same_keys_only_when_they_are_the_same(config: dict[str, JSON]) -> None:
    keys = config_keys(config)
    assert len(keys) == len(config)
    for name, value in config.items():
        other = {**config, name: f"{value} or another"}
        assert config_keys(other) != keys
