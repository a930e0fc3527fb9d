"""The action key: one digest over everything that a step's result may depend on (design §6).

doit saves it as a value and compares it as an `uptodate` check, so `doit reset-dep` cannot refresh it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from release_tasks.records.frozen_record import frozen_positional
from release_tasks.records.step import Argument, Step

# Raised by hand when the way in which user commands are run changes their results; a patch of ours does not.
EXECUTOR_VERSION = 1


@frozen_positional
class InputDigest:
    """What one read of a step was: a file, or a whole tree as one digest."""

    name: str
    digest: str


def _feed(hasher: hashlib._Hash, *fields: str) -> None:
    for field in fields:
        data = field.encode("utf-8")
        hasher.update(len(data).to_bytes(8, "little") + data)


def _arguments(values: Iterable[tuple[str, Argument]]) -> Iterable[str]:
    for name, value in values:
        yield name
        yield repr(value)


def action_key(
    step: Step, *, inputs: Iterable[InputDigest], toolchain: str, facts: Iterable[tuple[str, str]]
) -> str:
    """Hash a step's action, arguments, reads, names of writes, toolchain and facts to 64 hex digits."""
    hasher = hashlib.sha256(b"release_tasks/action-key/1\n")
    _feed(hasher, step.name, step.run, str(step.network), repr(step.devices), repr(step.folder))
    for group in (
        _arguments(step.args),
        _arguments(step.params),
        (text for read in sorted(inputs, key=lambda read: read.name) for text in (read.name, read.digest)),
        (text for write in step.writes for text in (write.path, write.role, write.cls)),
        (toolchain,),
        (text for pair in sorted(facts) for text in pair),
    ):
        items = tuple(group)
        _feed(hasher, str(len(items)), *items)
    return hasher.hexdigest()
