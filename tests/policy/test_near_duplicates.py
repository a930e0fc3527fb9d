from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.policy.near_duplicates import SIMILARITY, SimilarTexts, jaccard, shingles

WORDS = " ".join(f"w{n}" for n in range(100))


def test_the_similarity_is_the_jaccard_index_of_three_token_runs() -> None:
    """Of 6 tokens there are 4 runs; the last token changed, 3 of 5 are shared."""
    assert jaccard(shingles("a b c d e f"), shingles("A b c, d e f")) < jaccard(
        shingles("a b c d e f"), shingles("A B c d e g")
    )
    assert jaccard(shingles("a b c d e f"), shingles("A B c d e g")) == 3 / 5
    assert shingles("").size == 0
    assert shingles("one two").size == 1


def test_a_changed_word_in_a_long_text_is_found_and_a_rewritten_one_is_not() -> None:
    """One word of 100 touches 3 of 98 runs: 95 / 101 shared."""
    texts = [WORDS, WORDS.replace("w50", "other"), " ".join(f"v{n}" for n in range(100)), ""]
    (match,) = SimilarTexts(texts).repeated()
    assert (match.index, match.original, match.similarity) == (1, 0, 95 / 101)


def test_just_below_the_limit_is_no_duplicate() -> None:
    several = WORDS.replace("w20 ", "x ").replace("w60 ", "y ")
    assert SIMILARITY > 92 / 104
    assert list(SimilarTexts([WORDS, several]).repeated()) == []


def test_held_out_texts_are_compared_with_the_known_ones_only() -> None:
    texts = [WORDS, WORDS.replace("w50", "other"), WORDS.replace("w51", "other"), "a b c d"]
    matches = list(SimilarTexts(texts).resembling([3]))
    assert matches == []
    assert [(item.index, item.original) for item in SimilarTexts(texts).resembling([0])] == [(1, 0), (2, 0)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(alphabet="ab c", max_size=20), max_size=12))
def test_no_pair_is_told_that_is_not_similar_and_equal_texts_always_are(texts: list[str]) -> None:
    matches = list(SimilarTexts(texts).repeated())
    for match in matches:
        assert match.original < match.index
        assert match.similarity == jaccard(shingles(texts[match.index]), shingles(texts[match.original]))
        assert match.similarity >= SIMILARITY
    found = {match.index for match in matches}
    for index, text in enumerate(texts):
        if text in texts[:index] and shingles(text).size:
            assert index in found


_SHOW = "from release_tasks.policy.near_duplicates import SimilarTexts; t = [' '.join(f'w{i*j%97}' for i in range(60)) for j in range(1, 40)]; print(list(SimilarTexts(t + t[::-1]).repeated()))"


def test_the_hash_seed_of_python_changes_nothing() -> None:
    """K23: the same data give the same duplicates in every process."""
    said = {
        subprocess.run(
            [sys.executable, "-c", _SHOW],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert "Match" in said.pop()


@pytest.mark.parametrize("similar", [0.92, 0.95])
def test_the_bands_miss_hardly_any_pair(similar: float) -> None:
    """Of 200 pairs at a similarity of 0.92 or more at most one is missed: (1 - s^12)^20 is about 1e-4."""
    changes = {0.92: 4, 0.95: 2}[similar]
    texts = []
    for number in range(200):
        words = [f"{number}-{position}" for position in range(300)]
        texts.append(" ".join(words))
        texts.append(" ".join([*words[:-changes], *(f"new{number}{n}" for n in range(changes))]))
    assert len(list(SimilarTexts(texts).repeated())) >= 199
