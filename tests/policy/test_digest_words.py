from __future__ import annotations

import pytest

from release_tasks.formats.text_lines import JoinedLines, text_lines
from release_tasks.policy.digest_words import digests

HEX = "8f3a61c5d09e27b48f3a61c5d09e27b48f3a61c5d09e27b48f3a61c5d09e27b4"


def found(text: str, path: str = "a.txt") -> list[str]:
    return [token for _, token in digests(JoinedLines(text_lines(text, path=path)))]


@pytest.mark.parametrize(
    "text",
    [
        f"sha256:{HEX}",
        f'"sha256": "{HEX}"',
        f"{HEX}  model.safetensors",
        f"{HEX} *model.safetensors",
        f"Commit:        {HEX[:40]}",
        f"at commit {HEX[:40]}",
        f"_commit_hash = {HEX[:40]}",
        f"tokenizer_hash: {HEX}",
        f"exact_root {HEX}",
        f"md5={HEX[:32]}",
    ],
)
def test_digests_are_known_by_the_word_before_them(text: str) -> None:
    assert found(text) == [HEX[: len(found(text)[0])]]


def test_digests_of_json_are_known_by_their_name() -> None:
    assert found(f'{{"git_commit": "{HEX[:40]}", "blake3": "{HEX}"}}', "a.json") == [HEX[:40], HEX]


@pytest.mark.parametrize(
    "text",
    [HEX, f"api_key: {HEX}", f"password_hash: {HEX}", f"token={HEX[:40]}", f"sha256:{HEX[:42]}",
     f"the hash is {HEX}", f"key for sha256 is {HEX}"],
)  # fmt: skip
def test_other_hex_is_no_digest(text: str) -> None:
    assert found(text) == []
