"""The released tokenizer gives back what it was given."""

from __future__ import annotations

import pytest
from tokenizer import END, Tokenizer

SENTENCE = "Write solve(xs): return the sum of the squares of the numbers in xs that are even."
TEXTS = [
    "",
    " ",
    SENTENCE,
    "def solve(x):\n    return x + 1\n",
    "it's 12 o'clock\t\n",
    "naïve café — 日本語 🙂",
    "\x00\x1c\u2003",
    END,
]


@pytest.mark.structural
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_comes_back_as_it_was(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(0 < number < len(tokenizer.tokens) for number in ids), "END is never read from a text"


@pytest.mark.structural
def test_the_vocabulary_is_the_end_the_bytes_and_the_merges(tokenizer: Tokenizer) -> None:
    assert tokenizer.tokens[0] == END
    assert len(tokenizer.tokens) == 257 + len(tokenizer.merges) == len(set(tokenizer.tokens))


@pytest.mark.structural
def test_a_piece_is_cut_the_same_way_wherever_it_stands(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(f"{SENTENCE}\n{SENTENCE}")[-5:] == tokenizer.encode(SENTENCE)[-5:]


@pytest.mark.heuristic
def test_a_sentence_of_the_dataset_takes_few_tokens(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.encode(SENTENCE)) < len(SENTENCE) / 2
