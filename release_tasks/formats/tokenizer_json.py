"""tokenizer.json of the Hugging Face tokenizers library: the parts that tell one vocabulary from another."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject


@frozen
class TokenizerFile:
    """What a tokenizer knows: its model's type, ids by token (added tokens too), merges in order.

    `special` are the added tokens that are marked so, sorted by id; `parts` names the type of each stage of
    the pipeline, None where it has none.
    """

    type: str | None
    tokens: Mapping[str, int]
    merges: tuple[str, ...]
    special: tuple[str, ...]
    parts: Mapping[str, str | None]


_PARTS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")


def _refused(wanted: str, found: JSON, where: str) -> FormatError:
    return FormatError(
        "not a tokenizer.json",
        wanted=wanted,
        found=ascii(found)[:100] if found is not None else "none",
        where=where,
    )


def _id(value: JSON, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _refused("ids that are whole numbers", value, where)
    return value


def _vocabulary(model: JSONObject, where: str) -> dict[str, int]:
    """BPE, WordPiece and WordLevel map tokens to ids; Unigram lists [token, score], whose index is the id."""
    match model.get("vocab"):
        case dict() as vocab:
            return {token: _id(number, f"{where}: model.vocab") for token, number in vocab.items()}
        case list() as pieces:
            tokens = {}
            for index, piece in enumerate(pieces):
                if not isinstance(piece, list) or len(piece) != 2 or not isinstance(piece[0], str):
                    raise _refused("pairs of token and score", piece, f"{where}: model.vocab[{index}]")
                tokens[piece[0]] = index
            return tokens
        case other:
            raise _refused("a vocabulary", other, f"{where}: model.vocab")


def _merge(value: JSON, where: str) -> str:
    """A merge is `a b` in old files and ["a", "b"] in new ones."""
    match value:
        case str():
            return value
        case [str() as left, str() as right]:
            return f"{left} {right}"
        case other:
            raise _refused("merges of two tokens", other, f"{where}: model.merges")


def _part(value: JSON, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise _refused("an object with a type, or null", value, where)
    return str(value["type"])


def parse_tokenizer(data: bytes, *, where: str) -> TokenizerFile:
    """Read a tokenizer.json; raises FormatError for JSON that is none, duplicate keys and wrong ids."""
    value = parse_strict(data, where=where)
    if not isinstance(value, dict):
        raise _refused("an object with model", value, where)
    model = value.get("model")
    if not isinstance(model, dict):
        raise _refused("an object with model", model, where)
    tokens = _vocabulary(model, where)
    special: list[tuple[int, str]] = []
    added = value.get("added_tokens") or []
    for item in added if isinstance(added, list) else [added]:
        if not isinstance(item, dict) or not isinstance(item.get("content"), str):
            raise _refused("added tokens with id and content", item, f"{where}: added_tokens")
        content, number = str(item["content"]), _id(item.get("id"), f"{where}: added_tokens")
        tokens[content] = number
        if item.get("special") is True:
            special.append((number, content))
    merges = model.get("merges") or []
    if not isinstance(merges, list):
        raise _refused("a list of merges", merges, f"{where}: model.merges")
    kind = model.get("type")
    return TokenizerFile(
        type=kind if isinstance(kind, str) else None,
        tokens=tokens,
        merges=tuple(_merge(item, where) for item in merges),
        special=tuple(content for _, content in sorted(special)),
        parts={name: _part(value.get(name), f"{where}: {name}") for name in _PARTS},
    )
