"""Which steps of a rebuild run again, and which rest on a record; pure, over records that were read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from release_tasks.records.digest import Digest
from release_tasks.records.rebuild_record import RebuildRecord

Outputs = Mapping[str, Digest]
_LEAST_COST_S = 0.1  # a step that costs nothing is not infinitely worth a look


def why_not_counted(record: RebuildRecord, *, wanted: Outputs, run: str | None) -> str | None:
    """Why a record of a step's key says nothing for these outputs, None when it counts.

    `run` is the run that built the release: its own account of itself never counts.
    """
    if record.kind != "rebuild":
        return "it is a record of a first build, not of a rebuild"
    if run is not None and record.run == run:
        return "it comes from the run that built the release"
    made = dict(record.outputs)
    differing = sorted(path for path, digest in wanted.items() if made.get(path) != digest)
    if differing:
        return f"it says that {', '.join(differing)} came out otherwise"
    return None


def is_varied_less(record: RebuildRecord, asked: Collection[str]) -> bool:
    """Whether a record left out by choice what is now asked for: the step is then worth another run."""
    return any(name in asked for name in record.variations.left_out)


def best_record(records: Iterable[RebuildRecord], *, builder: str | None) -> RebuildRecord | None:
    """The record that shows most: of another machine than the builder's, fully varied, newest."""
    return max(
        records,
        key=lambda record: (
            builder is not None and record.machine.id != builder,
            not record.variations.left_out,
            len(record.variations.applied),
            record.rebuilt_at,
            record.run,
        ),
        default=None,
    )


def spot_check(records: Mapping[str, RebuildRecord], count: int, *, now: datetime) -> tuple[str, ...]:
    """The steps to run again though they are on record: the oldest per second of their cost first.

    `records` are by step. Ties are broken by name, so that the choice is the same everywhere.
    """

    def worth(item: tuple[str, RebuildRecord]) -> tuple[float, str]:
        name, record = item
        age_s = (now - datetime.fromisoformat(record.rebuilt_at)).total_seconds()
        return -age_s / max(record.seconds, _LEAST_COST_S), name

    ranked = sorted(records.items(), key=worth)
    return tuple(sorted(name for name, _ in ranked[:count]))
