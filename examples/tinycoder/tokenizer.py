"""Byte-level BPE: training, encoding, and the Hugging Face `tokenizer.json` layout.

Text is cut by GPT-2's pattern; merges never cross a cut.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

END = "<|endoftext|>"  # id 0: ends every text, and pads a batch
_OTHER_SPACES = "\x1c\x1d\x1e\x1f"  # isspace() for Python, not White_Space for Unicode
_SHAPE = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[strevmldL]+| ?N+| ?[.']+|[ W]+(?![^ W])|[ W]+")


def _byte_alphabet() -> dict[int, str]:
    """Return GPT-2's printable character for each byte."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}


BYTES = _byte_alphabet()


def _shape(char: str) -> str:
    """Return the one-letter class of a character that `_SHAPE` is written in."""
    if char in "'strevmld ":
        return char
    if char.isspace() and char not in _OTHER_SPACES:
        return "W"
    return {"L": "L", "N": "N"}.get(unicodedata.category(char)[0], ".")


def split(text: str) -> list[str]:
    """Cut text into the pieces that BPE works on, in GPT-2's byte characters."""
    spans = _SHAPE.finditer("".join(map(_shape, text)))
    return ["".join(BYTES[b] for b in text[m.start() : m.end()].encode()) for m in spans]


def _merge(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    i = 0
    while i < len(symbols):
        width = 2 if symbols[i : i + 2] == pair else 1
        merged.append("".join(symbols[i : i + width]))
        i += width
    return tuple(merged)


class Tokenizer:
    """Merges in order of rank; ids are: END, the 256 byte characters, then one per merge."""

    def __init__(self, merges: list[tuple[str, str]]) -> None:
        self.merges = merges
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.tokens = [END, *(BYTES[b] for b in sorted(BYTES, key=BYTES.__getitem__)), *map("".join, merges)]
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(cls, texts: list[str], vocab_size: int) -> Tokenizer:
        """Merge frequent pairs until `vocab_size` (Sennrich et al. 2016); the smaller pair wins a tie."""
        pieces = Counter(piece for text in texts for piece in split(text))
        words = {tuple(piece): count for piece, count in sorted(pieces.items())}
        merges: list[tuple[str, str]] = []
        while len(merges) < vocab_size - 257:
            pairs: Counter[tuple[str, str]] = Counter()
            for word, count in words.items():
                for pair in itertools.pairwise(word):
                    pairs[pair] += count
            if not pairs:
                break
            best = min(pairs, key=lambda pair: (-pairs[pair], pair))
            merges.append(best)
            words = {_merge(word, best): count for word, count in words.items()}
        return cls(merges)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; special tokens in it are read as plain text."""
        ids: list[int] = []
        for piece in split(text):
            if piece not in self._known:
                symbols = tuple(piece)
                while pairs := set(itertools.pairwise(symbols)) & self.ranks.keys():
                    symbols = _merge(symbols, min(pairs, key=self.ranks.__getitem__))
                self._known[piece] = [self.ids[symbol] for symbol in symbols]
            ids += self._known[piece]
        return ids

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids without END; bytes that are not UTF-8 become U+FFFD."""
        back = {char: byte for byte, char in BYTES.items()}
        data = bytes(back[char] for i in ids if i != 0 for char in self.tokens[i])
        return data.decode("utf-8", errors="replace")

    def save(self, path: Path) -> None:
        """Write `tokenizer.json` as the `tokenizers` library reads it."""
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        special = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        nothing = dict.fromkeys(("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"))
        flags = dict.fromkeys(("fuse_unk", "byte_fallback", "ignore_merges"), False)
        content = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": 0, "content": END, **special, "special": True}],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": None,
            "decoder": byte_level,
            "model": {"type": "BPE", **nothing, **flags, "vocab": self.ids, "merges": self.merges},
        }
        path.write_bytes((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read a `tokenizer.json` that `save` wrote; ValueError when its ids are not ours."""
        model = json.loads(path.read_bytes())["model"]
        tokenizer = cls([(left, right) for left, right in model["merges"]])
        if tokenizer.ids != model["vocab"]:
            raise ValueError(f"{path}: the vocabulary does not follow from the merges")
        return tokenizer
