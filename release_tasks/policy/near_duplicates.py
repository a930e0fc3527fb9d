"""Texts that are nearly the same: MinHash over token shingles with banded LSH, then the true similarity.

Similarity is the Jaccard index of the sets of 3-token shingles (Broder 1997, "On the resemblance and
containment of documents"). 240 minima under multiply-shift hashing (Dietzfelbinger et al. 1997) find pairs
worth a look: they share one of 20 bands of 12 minima, which a pair of similarity s does with probability
1 - (1 - s^12)^20: 0.9987 at 0.9, 0.9999 at 0.92, 0.005 at 0.5. Such a pair counts only by its true
similarity. All constants come from BLAKE2b, nothing from a hash seed or a clock, and the arithmetic is of
integers: the same texts give the same pairs.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIMILARITY = 0.9
_SHINGLE = 3
_MINIMA, _BAND = 240, 12
_PRUNED_BELOW = SIMILARITY - 0.15  # an estimate from 240 minima is off by this much once in 10^11 pairs
_TOKEN = re.compile(r"\w+|[^\w\s]")
_Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Match:
    """A text and the earlier one that it resembles, by index, with their Jaccard index from 0 to 1."""

    index: int
    original: int
    similarity: float


def _constants(name: str) -> _Words:
    words = [hashlib.blake2b(f"{name} {n}".encode(), digest_size=8).digest() for n in range(_MINIMA)]
    return np.frombuffer(b"".join(words), dtype="<u8").astype(np.uint64)


def shingles(text: str) -> _Words:
    """The 64-bit hashes of all runs of 3 tokens, sorted; a shorter text is one run, an empty one has none.

    Tokens are words and single marks, case folded.
    """
    tokens = _TOKEN.findall(text.casefold())
    runs = {"\0".join(tokens[n : n + _SHINGLE]) for n in range(max(1, len(tokens) - _SHINGLE + 1))} - {""}
    hashes = [hashlib.blake2b(run.encode("utf-8"), digest_size=8).digest() for run in runs]
    return np.unique(np.frombuffer(b"".join(hashes), dtype="<u8").astype(np.uint64))


def jaccard(left: _Words, right: _Words) -> float:
    """Shared over all shingles, 0 when there is none."""
    shared = np.intersect1d(left, right, assume_unique=True).size
    return shared / (left.size + right.size - shared) if shared else 0.0


class SimilarTexts:
    """The texts of a dataset, ready to be asked which resemble an earlier one."""

    def __init__(self, texts: Sequence[str]) -> None:
        factors, offsets = _constants("factor") | np.uint64(1), _constants("offset")
        self._shingles = [shingles(text) for text in texts]
        self._minima = np.zeros((len(texts), _MINIMA), dtype=np.uint32)
        for index, words in enumerate(self._shingles):
            if words.size:
                hashed = (factors[:, None] * words[None, :] + offsets[:, None]) >> np.uint64(32)
                self._minima[index] = hashed.min(axis=1)
        self._buckets: list[list[int]] = [[] for _ in texts]
        self._members: dict[int, list[int]] = defaultdict(list)
        for bucket, rows in enumerate(self._shared_bands()):
            for row in rows:
                self._buckets[row].append(bucket)

    def _shared_bands(self) -> Iterator[list[int]]:
        """Yield the texts, as sorted indexes, of every band that more than one has."""
        real = np.array([n for n, words in enumerate(self._shingles) if words.size], dtype=np.int64)
        for start in range(0, _MINIMA, _BAND):
            band = np.ascontiguousarray(self._minima[real, start : start + _BAND])
            keys = band.view([("", band.dtype)] * _BAND).ravel()
            _, groups, counts = np.unique(keys, return_inverse=True, return_counts=True)
            shared = np.flatnonzero(counts[groups] > 1)
            found: dict[int, list[int]] = defaultdict(list)
            for position in shared.tolist():
                found[int(groups[position])].append(int(real[position]))
            yield from found.values()

    def _nearest(self, index: int) -> Match | None:
        members = {other for bucket in self._buckets[index] for other in self._members[bucket]}
        if not members:
            return None
        others = np.array(sorted(members), dtype=np.int64)
        estimates = (self._minima[others] == self._minima[index]).mean(axis=1)
        pairs = [
            (jaccard(self._shingles[index], self._shingles[other]), -other)
            for other in others[estimates >= _PRUNED_BELOW].tolist()
        ]
        similarity, original = max(pairs, default=(0.0, 0))
        return Match(index, -original, similarity) if similarity >= SIMILARITY else None

    def _admit(self, index: int) -> None:
        for bucket in self._buckets[index]:
            self._members[bucket].append(index)

    def repeated(self) -> Iterator[Match]:
        """Yield each text that resembles an earlier one which itself repeats none; ask one object once."""
        for index in range(len(self._shingles)):
            match = self._nearest(index)
            if match is None:
                self._admit(index)
            else:
                yield match

    def resembling(self, known: Collection[int]) -> Iterator[Match]:
        """Yield each text outside `known` that resembles one of `known`; ask one object once."""
        for index in sorted(known):
            self._admit(index)
        kept = set(known)
        for index in range(len(self._shingles)):
            match = None if index in kept else self._nearest(index)
            if match is not None:
                yield match
