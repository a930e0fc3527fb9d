"""release.lock as bytes: JSON for people, one key a line, in one spelling only."""

from __future__ import annotations

import json

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.lock import LOCK, Lock, lock_from_json


def dump_lock(lock: Lock) -> bytes:
    """Write a lock: keys sorted, two spaces of indent, one newline at the end; `git diff` reads well."""
    return json.dumps(lock.to_json(), sort_keys=True, indent=2, ensure_ascii=False).encode("utf-8") + b"\n"


def parse_lock(data: bytes) -> Lock:
    """Read a lock; raises FormatError when it is damaged or spelled in another way (a merge went wrong)."""
    lock = lock_from_json(parse_strict(data, where=LOCK))
    if dump_lock(lock) != data:
        raise FormatError(
            "release.lock was edited by hand or by a merge",
            wanted="the bytes that 'doit freeze' writes",
            found="the same keys in another order or spelling",
            where=LOCK,
            hint="run 'doit freeze --update' and commit the result",
        )
    return lock
