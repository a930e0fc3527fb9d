"""Compare what is frozen in release.lock with what is there now, naming every difference."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen_positional
from release_tasks.records.json_value import JSONObject
from release_tasks.records.lock import Digests, Inputs


@frozen_positional
class Difference:
    """One frozen name whose digest is another now; None stands for a side that does not have it."""

    name: str
    frozen: str | None
    now: str | None

    def to_json(self) -> JSONObject:
        """Write the difference as plain JSON."""
        return {"name": self.name, "frozen": self.frozen, "now": self.now}


def compare_digests(frozen: Digests, now: Digests) -> tuple[Difference, ...]:
    """List the names on which two sides differ, sorted."""
    before = {name: str(digest) for name, digest in frozen}
    after = {name: str(digest) for name, digest in now}
    return tuple(
        Difference(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def compare_inputs(frozen: Inputs, now: Inputs) -> tuple[Difference, ...]:
    """List every file, glob and step recipe that is not as it was frozen."""
    steps = (
        Difference(f"step {item.name}", item.frozen, item.now)
        for item in compare_digests(frozen.steps, now.steps)
    )
    return (*compare_digests(frozen.files, now.files), *compare_digests(frozen.trees, now.trees), *steps)
