"""A rebuild record: that one action key, built again elsewhere or otherwise, gave these digests (design §7).

It names digests only. It is a claim of whoever wrote it, and speaks of no release: whatever release has a
step of this key may rest on it.
"""

from __future__ import annotations

from release_tasks.errors import FormatError
from release_tasks.records.claimed_text import is_duration, is_hex64, is_moment
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.rebuild import (
    NUMERIC_STATUSES,
    Machine,
    Variations,
    machine_from_json,
    variations_from_json,
)

SCHEMA_VERSION = 1


@frozen
class RebuildRecord:
    """One step built once more; `run` names the run that did it, `kind` that it was no first build.

    `seconds` is what the step took, `rebuilt_at` when it ended (RFC 3339, UTC): spot checks choose by both.
    """

    key: str
    step: str
    kind: str
    run: str
    outputs: tuple[tuple[str, Digest], ...]
    variations: Variations
    machine: Machine
    numeric: str | None
    seconds: float
    rebuilt_at: str

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "key": self.key,
            "step": self.step,
            "kind": self.kind,
            "run": self.run,
            "outputs": {path: str(digest) for path, digest in self.outputs},
            "variations": self.variations.to_json(),
            "machine": self.machine.to_json(),
            "numeric": self.numeric,
            "seconds": self.seconds,
            "rebuilt_at": self.rebuilt_at,
        }


def record_from_json(value: JSON, *, where: str) -> RebuildRecord:
    """Read a record; raises FormatError unless it has exactly the keys that `to_json` writes."""
    match value:
        case {
            "schema_version": 1,
            "key": str() as key,
            "step": str() as step,
            "kind": "rebuild" | "build" as kind,
            "run": str() as run,
            "outputs": dict() as outputs,
            "variations": variations,
            "machine": machine,
            "numeric": str() | None as numeric,
            "seconds": int() | float() as seconds,
            "rebuilt_at": str() as rebuilt_at,
            **rest,
        } if (
            not rest
            and is_hex64(key)
            and is_hex64(run)
            and numeric in NUMERIC_STATUSES
            and is_duration(seconds)
            and is_moment(rebuilt_at)
        ):
            return RebuildRecord(
                key=key,
                step=step,
                kind=kind,
                run=run,
                outputs=tuple((path, parse_digest(str(text))) for path, text in sorted(outputs.items())),
                variations=variations_from_json(variations, where=where),
                machine=machine_from_json(machine, where=where),
                numeric=numeric,
                seconds=seconds,
                rebuilt_at=rebuilt_at,
            )
        case _:
            raise FormatError(
                "not a rebuild record",
                wanted="the keys of rebuild-record.schema.json, each as it is written",
                found=", ".join(sorted(value)) if isinstance(value, dict) else type(value).__name__,
                where=where,
                hint="remove the file: the step is then built again",
            )
