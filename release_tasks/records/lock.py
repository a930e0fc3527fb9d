"""release.lock: what the inputs were, and which bytes they gave on each kind of machine (design §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from release_tasks.errors import FormatError
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.json_value import JSON, JSONObject

SCHEMA_VERSION = 1
LOCK = "release.lock"

Digests = tuple[tuple[str, Digest], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Digests of every read that no step writes: single files, globs as one digest each, and step recipes."""

    files: Digests = ()
    trees: Digests = ()
    steps: Digests = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """The frozen inputs, and the digests of exact outputs by numeric id."""

    inputs: Inputs
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
            "outputs": {identifier: _plain(digests) for identifier, digests in self.outputs.items()},
        }


def _plain(digests: Digests) -> JSONObject:
    return {name: str(digest) for name, digest in digests}


def _digests(value: JSON, where: str) -> Digests:
    if not isinstance(value, dict):
        raise FormatError("release.lock is damaged", wanted="names and digests", where=where)
    return tuple((name, parse_digest(str(text))) for name, text in sorted(value.items()))


def lock_from_json(value: JSON) -> Lock:
    """Read the value of release.lock; raises FormatError for any other shape."""
    match value:
        case {
            "schema_version": 1,
            "inputs": {"files": files, "trees": trees, "steps": steps, **other},
            "outputs": dict() as outputs,
            **rest,
        } if not rest and not other:
            return Lock(
                inputs=Inputs(
                    files=_digests(files, "release.lock: inputs.files"),
                    trees=_digests(trees, "release.lock: inputs.trees"),
                    steps=_digests(steps, "release.lock: inputs.steps"),
                ),
                outputs={
                    identifier: _digests(digests, f"release.lock: outputs.{identifier}")
                    for identifier, digests in sorted(outputs.items())
                },
            )
        case _:
            raise FormatError(
                "release.lock is not a lock file of this version",
                wanted="schema_version 1, inputs {files, trees, steps}, outputs",
                where="release.lock",
                hint="run 'doit freeze' with this version of release_tasks",
            )
