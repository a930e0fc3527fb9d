from __future__ import annotations

from dataclasses import replace

import pytest

from release_tasks.formats.tokenizer_json import TokenizerFile
from release_tasks.policy.vocabulary_diff import describe_change

FROZEN = TokenizerFile(
    type="BPE",
    tokens={"<s>": 0, "a": 1, "b": 2, "ab": 3},
    merges=("a b",),
    special=("<s>",),
    parts={"normalizer": None},
)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (FROZEN, "the same vocabulary and merges; options or spelling differ"),
        (replace(FROZEN, tokens={**FROZEN.tokens, "c": 4, "\n": 5}), "2 tokens added ('c', '\\n')"),
        (replace(FROZEN, tokens={"<s>": 0, "a": 1, "b": 2}), "1 tokens removed ('ab')"),
        (
            replace(FROZEN, tokens={"<s>": 0, "a": 2, "b": 1, "ab": 3}),
            "2 tokens have another id ('a': 1 became 2)",
        ),
        (replace(FROZEN, merges=("b a", "a b")), "merges differ (1 became 2)"),
        (replace(FROZEN, special=()), "special tokens differ ('<s>' became )"),
        (replace(FROZEN, type="WordLevel"), "the model is another (BPE became WordLevel)"),
        (replace(FROZEN, parts={"normalizer": "NFC"}), "the normalizer is another (None became NFC)"),
        (
            replace(FROZEN, tokens={f"t{number}": number for number in range(9)}),
            (
                "9 tokens added ('t0', 't1', 't2', 't3', 't4' and 4 more); "
                "4 tokens removed ('<s>', 'a', 'b', 'ab')"
            ),
        ),
    ],
)
def test_r9_a_change_of_the_vocabulary_is_said(now: TokenizerFile, said: str) -> None:
    assert describe_change(FROZEN, now) == said
