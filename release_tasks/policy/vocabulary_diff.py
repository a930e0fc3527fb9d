"""What changed from one tokenizer to another, in one sentence a person can act on (R9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release_tasks.formats.tokenizer_json import TokenizerFile

_SHOWN = 5


def _named(tokens: Sequence[str]) -> str:
    shown = ", ".join(ascii(token) for token in tokens[:_SHOWN])
    return shown + (f" and {len(tokens) - _SHOWN} more" if len(tokens) > _SHOWN else "")


def _changes(frozen: TokenizerFile, now: TokenizerFile) -> Iterator[str]:
    before, after = frozen.tokens, now.tokens
    added = sorted((token for token in after if token not in before), key=lambda token: after[token])
    removed = sorted((token for token in before if token not in after), key=lambda token: before[token])
    moved = sorted(
        (token for token in before if token in after and before[token] != after[token]),
        key=lambda token: before[token],
    )
    if added:
        yield f"{len(added)} tokens added ({_named(added)})"
    if removed:
        yield f"{len(removed)} tokens removed ({_named(removed)})"
    if moved:
        first = moved[0]
        yield f"{len(moved)} tokens have another id ({first!a}: {before[first]} became {after[first]})"
    if frozen.merges != now.merges:
        yield f"merges differ ({len(frozen.merges)} became {len(now.merges)})"
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
