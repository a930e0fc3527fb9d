from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from release_tasks.errors import FormatError
from release_tasks.formats.tokenizer_json import parse_tokenizer

UNKNOWN = "?"


def parse(value: Any) -> Any:
    return parse_tokenizer(json.dumps(value).encode(), where="t.json")


@pytest.mark.parametrize("kind", ["BPE", "WordLevel", "WordPiece", "Unigram"])
def test_what_the_library_writes_is_read_as_the_library_knows_it(kind: str, tmp_path: Path) -> None:
    made: dict[str, tuple[Any, Any]] = {
        "BPE": (models.BPE(unk_token=UNKNOWN), trainers.BpeTrainer(special_tokens=[UNKNOWN, "<s>"])),
        "WordLevel": (
            models.WordLevel(unk_token=UNKNOWN),
            trainers.WordLevelTrainer(special_tokens=[UNKNOWN, "<s>"]),
        ),
        "WordPiece": (
            models.WordPiece(unk_token=UNKNOWN),
            trainers.WordPieceTrainer(special_tokens=[UNKNOWN, "<s>"]),
        ),
        "Unigram": (
            models.Unigram(),
            trainers.UnigramTrainer(unk_token=UNKNOWN, special_tokens=[UNKNOWN, "<s>"]),
        ),
    }
    model, trainer = made[kind]
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer.show_progress = False
    tokenizer.train_from_iterator(["low lower lowest", "new newer newest"] * 5, trainer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    read = parse_tokenizer((tmp_path / "tokenizer.json").read_bytes(), where="tokenizer.json")
    assert read.tokens == tokenizer.get_vocab(with_added_tokens=True)
    assert (read.type, read.special) == (kind, ("?", "<s>"))
    assert read.parts == {
        "normalizer": "NFC",
        "pre_tokenizer": "Whitespace",
        "post_processor": None,
        "decoder": None,
    } | ({"decoder": read.parts["decoder"]} if kind == "WordPiece" else {})
    assert bool(read.merges) == (kind == "BPE")


def test_merges_of_both_spellings_are_one() -> None:
    old, new = (parse({"model": {"vocab": {}, "merges": merges}}) for merges in (["a b"], [["a", "b"]]))
    assert old == new
    assert old.merges == ("a b",)


@pytest.mark.parametrize(
    ("value", "wanted", "found", "where"),
    [
        ([], "an object with model", "[]", "t.json"),
        ({}, "an object with model", "none", "t.json"),
        ({"model": {}}, "a vocabulary", "none", "t.json: model.vocab"),
        ({"model": {"vocab": {"a": -1}}}, "ids that are whole numbers", "-1", "t.json: model.vocab"),
        ({"model": {"vocab": {"a": True}}}, "ids that are whole numbers", "True", "t.json: model.vocab"),
        ({"model": {"vocab": [["a"]]}}, "pairs of token and score", "['a']", "t.json: model.vocab[0]"),
        ({"model": {"vocab": {}, "merges": 1}}, "a list of merges", "1", "t.json: model.merges"),
        ({"model": {"vocab": {}, "merges": [1]}}, "merges of two tokens", "1", "t.json: model.merges"),
        (
            {"model": {"vocab": {}}, "added_tokens": [{"id": 1}]},
            "added tokens with id and content",
            "{'id': 1}",
            "t.json: added_tokens",
        ),
        ({"model": {"vocab": {}}, "decoder": 3}, "an object with a type, or null", "3", "t.json: decoder"),
    ],
)
def test_what_is_no_tokenizer_is_said(value: Any, wanted: str, found: str, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(value)
    assert str(caught.value) == (
        f"not a tokenizer.json\n  wanted: {wanted}\n  found:  {found}\n  where:  {where}"
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["model", "vocab", "merges", "added_tokens", "type", "a"]), inner
            )
        ),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    with contextlib.suppress(FormatError):
        parse({"model": value, "added_tokens": value})
