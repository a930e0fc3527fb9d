"""release.lock: what the inputs were, and which bytes they gave on each kind of machine (design §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from release_tasks.errors import FormatError
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

SCHEMA_VERSION = 2
LOCK = "release.lock"

Digests = tuple[tuple[str, Digest], ...]


@frozen
class Inputs:
    """Digests of every read that no step writes: single files, globs as one digest each, and step recipes."""

    files: Digests = ()
    trees: Digests = ()
    steps: Digests = ()


@frozen
class Versioned:
    """Something whose version cannot stay while its bytes change (R8, R9)."""

    version: str | None
    digest: Digest


@frozen
class Pinned:
    """What is the same on every kind of machine: model configuration, dataset, tokenizer, seeds by step."""

    config: Digest | None = None
    dataset: Versioned | None = None
    tokenizer: Versioned | None = None
    seeds: tuple[tuple[str, int], ...] = ()


@frozen
class Lock:
    """The frozen inputs, what is pinned for every machine, and digests of exact outputs by numeric id."""

    inputs: Inputs
    pinned: Pinned = Pinned()
    outputs: Mapping[str, Digests] = field(default_factory=dict)

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "inputs": {
                "files": _plain(self.inputs.files),
                "trees": _plain(self.inputs.trees),
                "steps": _plain(self.inputs.steps),
            },
            "pinned": {
                "config": None if self.pinned.config is None else str(self.pinned.config),
                "dataset": _versioned_json(self.pinned.dataset),
                "tokenizer": _versioned_json(self.pinned.tokenizer),
                "seeds": dict(self.pinned.seeds),
            },
            "outputs": {identifier: _plain(digests) for identifier, digests in self.outputs.items()},
        }


def _plain(digests: Digests) -> JSONObject:
    return {name: str(digest) for name, digest in digests}


def _versioned_json(item: Versioned | None) -> JSON:
    return None if item is None else {"version": item.version, "digest": str(item.digest)}


def _versioned(value: JSON, where: str) -> Versioned | None:
    match value:
        case None:
            return None
        case {"version": str() | None as version, "digest": str() as digest, **rest} if not rest:
            return Versioned(version=version, digest=parse_digest(digest))
        case _:
            raise FormatError("release.lock is damaged", wanted="version and digest, or null", where=where)


def _pinned(value: JSONObject) -> Pinned:
    match value:
        case {
            "config": str() | None as config,
            "dataset": dataset,
            "tokenizer": tokenizer,
            "seeds": dict() as seeds,
            **rest,
        } if not rest and all(
            isinstance(seed, int) and not isinstance(seed, bool) for seed in seeds.values()
        ):
            return Pinned(
                config=None if config is None else parse_digest(config),
                dataset=_versioned(dataset, "release.lock: pinned.dataset"),
                tokenizer=_versioned(tokenizer, "release.lock: pinned.tokenizer"),
                seeds=tuple((name, seed) for name, seed in sorted(seeds.items()) if isinstance(seed, int)),
            )
        case _:
            raise FormatError(
                "release.lock is damaged",
                wanted="config, dataset, tokenizer and seeds",
                where="release.lock: pinned",
            )


def _digests(value: JSON, where: str) -> Digests:
    if not isinstance(value, dict):
        raise FormatError("release.lock is damaged", wanted="names and digests", where=where)
    return tuple((name, parse_digest(str(text))) for name, text in sorted(value.items()))


def lock_from_json(value: JSON) -> Lock:
    """Read the value of release.lock; raises FormatError for any other shape."""
    match value:
        case {
            "schema_version": 2,
            "inputs": {"files": files, "trees": trees, "steps": steps, **other},
            "pinned": dict() as pinned,
            "outputs": dict() as outputs,
            **rest,
        } if not rest and not other:
            return Lock(
                inputs=Inputs(
                    files=_digests(files, "release.lock: inputs.files"),
                    trees=_digests(trees, "release.lock: inputs.trees"),
                    steps=_digests(steps, "release.lock: inputs.steps"),
                ),
                pinned=_pinned(pinned),
                outputs={
                    identifier: _digests(digests, f"release.lock: outputs.{identifier}")
                    for identifier, digests in sorted(outputs.items())
                },
            )
        case _:
            raise FormatError(
                "release.lock is not a lock file of this version",
                wanted="schema_version 2, inputs {files, trees, steps}, pinned, outputs",
                where="release.lock",
                hint="run 'doit freeze --update' with this version of release_tasks, and commit the result",
            )
