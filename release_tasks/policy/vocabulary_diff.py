"""What changed from one tokenizer to another, as data and in one sentence a person can act on (R9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from release_tasks.formats.tokenizer_json import TokenizerFile
from release_tasks.policy.value_diff import compare_values
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.release_difference import VocabularyDifference

_SHOWN = 5


def compare_vocabularies(before: TokenizerFile, after: TokenizerFile) -> VocabularyDifference:
    """Compare tokens by their ids, merges by rank, and which parts there are."""
    old, new = before.tokens, after.tokens
    left, right = Counter(before.merges), Counter(after.merges)
    ranks = enumerate(zip(before.merges, after.merges, strict=False))
    shorter = min(len(before.merges), len(after.merges))
    first = next((rank for rank, (one, other) in ranks if one != other), shorter)
    return VocabularyDifference(
        added=_by_id((token, number) for token, number in new.items() if token not in old),
        removed=_by_id((token, number) for token, number in old.items() if token not in new),
        moved=tuple(
            (token, number, new[token])
            for token, number in _by_id(old.items())
            if token in new and new[token] != number
        ),
        merges=(len(before.merges), len(after.merges), (left - right).total(), (right - left).total()),
        first_merge=None if before.merges == after.merges else first,
        options=compare_values(_options(before), _options(after)),
    )


def _by_id(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(pairs, key=lambda pair: (pair[1], pair[0])))


def _options(file: TokenizerFile) -> JSONObject:
    return {"type": file.type, "special": list[JSON](file.special), **file.parts}


def _named(tokens: Sequence[str]) -> str:
    shown = ", ".join(ascii(token) for token in tokens[:_SHOWN])
    return shown + (f" and {len(tokens) - _SHOWN} more" if len(tokens) > _SHOWN else "")


def _changes(frozen: TokenizerFile, now: TokenizerFile) -> Iterator[str]:
    found = compare_vocabularies(frozen, now)
    if found.added:
        yield f"{len(found.added)} tokens added ({_named([token for token, _ in found.added])})"
    if found.removed:
        yield f"{len(found.removed)} tokens removed ({_named([token for token, _ in found.removed])})"
    if found.moved:
        token, before, after = found.moved[0]
        yield f"{len(found.moved)} tokens have another id ({token!a}: {before} became {after})"
    if found.first_merge is not None:
        yield f"merges differ ({found.merges[0]} became {found.merges[1]})"
    if frozen.special != now.special:
        yield f"special tokens differ ({_named(frozen.special)} became {_named(now.special)})"
    if frozen.type != now.type:
        yield f"the model is another ({frozen.type} became {now.type})"
    for name in sorted(frozen.parts):
        if frozen.parts[name] != now.parts[name]:
            yield f"the {name} is another ({frozen.parts[name]} became {now.parts[name]})"


def describe_change(frozen: TokenizerFile, now: TokenizerFile) -> str:
    """Say what changed; a file whose vocabulary is the same differs in options or spelling only."""
    return "; ".join(_changes(frozen, now)) or "the same vocabulary and merges; options or spelling differ"
