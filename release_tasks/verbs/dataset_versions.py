"""The records of a dataset as two commits of the surrounding repository have them."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.formats.dataset_records import parse_records
from release_tasks.policy.dataset_diff import StatedFile, compare_records, stated_files
from release_tasks.records.data_record import DataRecord
from release_tasks.records.json_value import JSON
from release_tasks.records.release_difference import DatasetDifference
from release_tasks.system.git import file_of

MOST_FILES = 2000  # of both sides: git is asked for each
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_CONFIG = "release.toml"


class _NotThereError(Exception):
    """Why the records cannot be read; never leaves this module."""


def with_records(
    found: DatasetDifference, before: tuple[JSON, str | None], after: tuple[JSON, str | None], *, cwd: Path
) -> DatasetDifference:
    """Compare the records of the files that differ, where the project at `cwd` has both commits.

    `before` and `after` are dataset_statistics.json and the commit of each release. Files count only when
    git has the very bytes that the statistics state; where it has not, the note says so.
    """
    changed = found.files
    if found.compared == "nothing" or not (changed.added or changed.removed or changed.changed):
        return found
    try:
        old = _records(before, (*changed.removed, *changed.changed), cwd)
        new = _records(after, (*changed.added, *changed.changed), cwd)
    except _NotThereError as reason:
        return replace(found, note=f"records were not compared: {reason}")
    return replace(
        found, compared="records", records=compare_records(old, new, id_field=_id_field(after[1], cwd))
    )


def _records(side: tuple[JSON, str | None], paths: Iterable[str], cwd: Path) -> list[DataRecord]:
    statistics, commit = side
    files = stated_files(statistics)
    wanted = [path for path in paths if files[path].records is not None]
    if len(wanted) > MOST_FILES:
        raise _NotThereError(f"{len(wanted)} files differ, more than {MOST_FILES}")
    return [record for path in wanted for record in _file(path, files[path], commit, cwd)]


def _file(path: str, stated: StatedFile, commit: str | None, cwd: Path) -> tuple[DataRecord, ...]:
    if commit is None or not _COMMIT.fullmatch(commit):
        raise _NotThereError("a release names no commit")
    data = None if ":" in path else file_of(cwd, commit, path)
    if data is None:
        raise _NotThereError(f"no {path!a} at commit {commit[:12]} in the repository around {cwd.name}")
    if hashlib.sha256(data).hexdigest() != stated.sha256.hex:
        raise _NotThereError(f"commit {commit[:12]} has other bytes of {path!a} than the release")
    try:
        return parse_records(data, path=path)
    except FormatError as error:
        raise _NotThereError(f"{path!a}: {error.what}") from None


def _id_field(commit: str | None, cwd: Path) -> str | None:
    """The field `[dataset] id` of the commit's own release.toml."""
    data = None if commit is None else file_of(cwd, commit, _CONFIG)
    try:
        table = {} if data is None else tomllib.loads(data.decode("utf-8")).get("dataset")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    found = table.get("id") if isinstance(table, dict) else None
    return found if isinstance(found, str) else None
