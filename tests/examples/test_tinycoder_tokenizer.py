from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

CODER = Path(__file__).resolve().parents[2] / "examples" / "tinycoder"
sys.path.insert(0, str(CODER))

from records import question, read_records  # noqa: E402
from tokenizer import END, Tokenizer, split  # noqa: E402


def texts() -> list[str]:
    folder = CODER / "data" / "records"
    found = [*read_records(folder, "train"), *read_records(folder, "heldout")]
    return [question(record.prompt) + record.solution for record in found]


@cache
def ours() -> Tokenizer:
    return Tokenizer.train(texts()[::5], 400)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> tokenizers.Tokenizer:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    ours().save(path)
    assert Tokenizer.load(path).merges == ours().merges
    return tokenizers.Tokenizer.from_file(str(path))


def test_the_tokenizers_library_gives_our_ids_on_every_record(theirs: tokenizers.Tokenizer) -> None:
    for text in texts():
        ids = ours().encode(text)
        assert theirs.encode(text).ids == ids
        assert ours().decode(ids) == text == theirs.decode(ids)


@given(text=st.one_of(st.text(), st.text(alphabet="ab's't  5\n\t\u2003\x1c²Ⅷ中.")))
def test_the_tokenizers_library_agrees_on_any_text(theirs: tokenizers.Tokenizer, text: str) -> None:
    # Characters that Unicode has not assigned may be so in another version of its tables.
    if END not in text:
        ids = ours().encode(text)
        assert ours().decode(ids) == text
        assert theirs.encode(text).ids == ids


def test_special_token_and_size(theirs: tokenizers.Tokenizer) -> None:
    assert theirs.token_to_id(END) == 0
    assert theirs.get_vocab_size() == len(ours().tokens) == 400


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("add 12, it's", ["add", "Ġ12", ",", "Ġit", "'s"]),
        ("a\n    b", ["a", "ĊĠĠĠ", "Ġb"]),
        ("", []),
    ],
)
def test_split(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


def test_training_merges_the_most_frequent_pair_and_breaks_ties_by_order() -> None:
    assert Tokenizer.train(["abab ab", "ba"], 259).merges == [("a", "b"), ("ab", "ab")]
    assert Tokenizer.train(["xy", "cd"], 258).merges == [("c", "d")]
    assert Tokenizer.train(["a"], 300).merges == []


def test_a_changed_vocabulary_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    ours().save(path)
    content = json.loads(path.read_bytes())
    content["model"]["vocab"]["Ġ"] = 5
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError) as refused:
        Tokenizer.load(path)
    assert str(refused.value) == f"{path}: the vocabulary does not follow from the merges"
