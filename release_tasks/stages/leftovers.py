"""What a killed run leaves behind, removed when the next one starts under the same lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from release_tasks.records.lock import LOCK
from release_tasks.records.step import RECORDS
from release_tasks.stages.plan import EXPERIMENTS, RELEASES
from release_tasks.stages.workspace import STATE
from release_tasks.system.disk import remove_tree

# Folder and pattern of what is only ever there while a run is under way. A staging folder of a release is
# never used by a second run: `package` fills it anew, or the release is in place already.
_TEMPORARY = (
    (".", f".{LOCK}.*.tmp"),
    (RECORDS, ".*.tmp"),
    *(
        (home, pattern)
        for home in (RELEASES, EXPERIMENTS)
        for pattern in (".*.tmp", ".staging-*", ".*.displaced", "*.attestations/.*.tmp")
    ),
    (f"{STATE}/staging", "*"),
    (f"{STATE}/progress", "*"),
)


def remove_leftovers(root: Path) -> tuple[Path, ...]:
    """Remove temporary files of killed runs in the project at `root`; returns what was removed, sorted.

    The caller holds the run's lock and has called `recover`, after which a displaced directory has a whole
    successor. Raises StorageError when the system refuses.
    """
    removed = tuple(sorted(_leftovers(root)))
    for path in removed:
        remove_tree(path)
    return removed


def _leftovers(root: Path) -> Iterator[Path]:
    for folder, pattern in _TEMPORARY:
        for path in (root / folder).glob(pattern):
            final = path.with_name(path.name.removeprefix(".").removesuffix(".displaced"))
            if path.suffix != ".displaced" or final.is_dir():
                yield path
