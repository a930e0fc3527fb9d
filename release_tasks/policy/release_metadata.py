"""Whether metadata.json says what the files of its release say (R14)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeGuard

from release_tasks.errors import ReleaseError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.records.digest import Digest
from release_tasks.records.identity import tree_digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import Manifest
from release_tasks.records.release_contents import METADATA, Problem, ProblemCode

_Check = Callable[[JSON], bool]
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_MIN_SHORT = 7  # git's own shortest abbreviation


def _is_text(value: JSON) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _like(pattern: re.Pattern[str]) -> _Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_int(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# What each key wants: in words, as a check, and whether it may be null with a reason.
_FIELDS: dict[str, tuple[str, _Check, bool]] = {
    "schema_version": ("1", lambda value: _is_int(value) and value == 1, False),
    "name": ("text", _is_text, False),
    "version": ("text", _is_text, False),
    "release_type": ("text", _is_text, False),
    "dataset_version": ("text", _is_text, True),
    "dataset_hash": ("sha256:<64 hex>", _like(_DIGEST), True),
    "tokenizer_version": ("text", _is_text, True),
    "tokenizer_hash": ("sha256:<64 hex>", _like(_DIGEST), True),
    "model_hash": ("sha256:<64 hex>", _like(_DIGEST), True),
    "config_hash": ("sha256:<64 hex>", _like(_DIGEST), True),
    "git_commit": ("40 hex digits", _like(_COMMIT), True),
    "git_commit_short": ("the first digits of git_commit", _is_text, True),
    "git_dirty": ("true or false", lambda value: isinstance(value, bool), True),
    "training_seed": ("an integer", _is_int, True),
    "date": ("YYYY-MM-DDTHH:MM:SSZ", _like(_DATE), True),
    "metrics_summary": ("an object", lambda value: isinstance(value, dict), True),
    "docs_version": ("text", _is_text, True),
    "architecture": ("text", _is_text, True),
    "license": ("text", _is_text, True),
    "exact_root": ("sha256:<64 hex>", _like(_DIGEST), False),
    "reasons": ("an object", lambda value: isinstance(value, dict), False),
}


def _problem(key: str, wanted: str, found: str) -> Problem:
    where = f"{key}: " if key else ""
    return Problem(
        code=ProblemCode.METADATA_MISMATCH, path=METADATA, wanted=where + wanted, found=where + found
    )


def _show(value: JSON) -> str:
    return "null" if value is None else ascii(value)[:200] if not isinstance(value, str) else value[:200]


def hashes_of(manifest: Manifest) -> dict[str, str | None]:
    """The three hashes that metadata states about files, as the manifest has their SHA-256.

    `model_hash` is that of the one file of weights, else the tree digest of (name, SHA-256) of all shards.
    """
    files = manifest.files
    weights = [file for file in files if file.role == "weights"]
    tokenizers = [file for role in ("tokenizer", "preprocessor") for file in files if file.role == role]
    configs = [file for name in ("config.json", "config.yaml") for file in files if file.path == name]
    model: Digest | None = None
    if len(weights) == 1:
        model = weights[0].entry.sha256
    elif weights:
        model = tree_digest((file.path, file.entry.sha256.hex) for file in weights)
    return {
        "model_hash": None if model is None else str(model),
        "tokenizer_hash": str(tokenizers[0].entry.sha256) if tokenizers else None,
        "config_hash": str(configs[0].entry.sha256) if configs else None,
    }


def check_metadata(data: bytes, manifest: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with metadata.json: its form, its keys, its hashes, its nulls without a reason.

    The manifest's statements stand for the files: where they differ, that is a problem of the file.
    """
    try:
        value = parse_canonical(data, where=METADATA)
    except ReleaseError as error:
        yield _problem("", error.wanted or "canonical JSON", f"{error.what}: {error.found}")
        return
    if not isinstance(value, dict):
        yield _problem("", "an object", _show(value))
        return
    shape = list(_shape(value))
    yield from shape
    if shape:
        return
    expected: dict[str, str | None] = {
        "name": manifest.name,
        "version": manifest.version,
        "exact_root": str(manifest.exact_root),
        **hashes_of(manifest),
    }
    for key, wanted in expected.items():
        if value[key] != wanted:
            yield _problem(key, _show(wanted), _show(value[key]))
    commit, short = value["git_commit"], value["git_commit_short"]
    honest = commit == short if commit is None or short is None else _shortens(str(short), str(commit))
    if not honest:
        yield _problem("git_commit_short", "the first digits of git_commit", _show(short))
    nulls = {key: "a reason" for key, item in value.items() if item is None}
    reasons = value["reasons"]
    given = reasons if isinstance(reasons, dict) else {}
    if set(given) != set(nulls) or not all(_is_text(reason) for reason in given.values()):
        yield _problem(
            "reasons", f"text for {', '.join(sorted(nulls)) or 'no key'}", ", ".join(sorted(given)) or "none"
        )


def _shortens(short: str, commit: str) -> bool:
    return len(short) >= _MIN_SHORT and commit.startswith(short)


def _shape(value: JSONObject) -> Iterator[Problem]:
    for key in sorted(_FIELDS.keys() - value.keys()):
        yield _problem(key, _FIELDS[key][0], "no such key")
    for key in sorted(value.keys() - _FIELDS.keys()):
        yield _problem(ascii(key)[1:-1][:100], "no such key", _show(value[key]))
    for key, (wanted, check, nullable) in _FIELDS.items():
        if key in value and not (check(value[key]) or (nullable and value[key] is None)):
            yield _problem(key, wanted, _show(value[key]))
