"""Two datasets: their statistics by key, their files by digest, their records by id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.value_diff import compare_values
from release_tasks.records.data_record import DataRecord
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.paths import safe_relpath
from release_tasks.records.release_difference import DatasetDifference, NameChanges


@frozen
class StatedFile:
    """A file as dataset_statistics.json states it; `records` is None for one that holds none."""

    sha256: Digest
    records: int | None


def compare_statistics(before: JSON, after: JSON) -> DatasetDifference:
    """Compare two dataset_statistics.json; None stands for a release without a dataset."""
    if before == after:
        return DatasetDifference()
    old, new = stated_files(before), stated_files(after)
    return DatasetDifference(
        compared="files",
        statistics=compare_values(_without_files(before), _without_files(after)),
        files=NameChanges(
            added=tuple(sorted(new.keys() - old.keys())),
            removed=tuple(sorted(old.keys() - new.keys())),
            changed=tuple(
                path for path in sorted(old.keys() & new.keys()) if old[path].sha256 != new[path].sha256
            ),
        ),
    )


def stated_files(statistics: JSON) -> dict[str, StatedFile]:
    """The files of a dataset by path; raises FormatError and PathError for rows that no release has."""
    rows = statistics.get("files") if isinstance(statistics, dict) else None
    found = {}
    for row in rows if isinstance(rows, list) else ():
        match row:
            case {"path": str() as path, "sha256": str() as digest, "records": int() | None as records}:
                # NAME:path is a file of a root outside the project, and no path of the repository.
                place = path if ":" in path else safe_relpath(path)
                found[place] = StatedFile(sha256=Digest("sha256", digest), records=records)
            case _:
                continue
    return found


def _without_files(statistics: JSON) -> JSON:
    if not isinstance(statistics, dict):
        return statistics
    return {key: value for key, value in statistics.items() if key != "files"}


def compare_records(
    before: Sequence[DataRecord], after: Sequence[DataRecord], *, id_field: str | None
) -> NameChanges:
    """Compare records by their id; where an id is missing or stands twice, whole records are compared.

    Then nothing is `changed`, and a record is named by where it stands. Equal records in other places, and
    in another order, are the same.
    """
    old, new = _by_id(before, id_field), _by_id(after, id_field)
    if old is None or new is None:
        return _by_content(before, after)
    return NameChanges(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(name for name in sorted(old.keys() & new.keys()) if old[name] != new[name]),
    )


def _by_id(records: Iterable[DataRecord], id_field: str | None) -> Mapping[str, bytes] | None:
    found: dict[str, bytes] = {}
    for record in records:
        value = None if id_field is None else record.value.get(id_field)
        if not isinstance(value, str | int) or isinstance(value, bool) or str(value) in found:
            return None
        found[str(value)] = _content(record)
    return found


def _by_content(before: Sequence[DataRecord], after: Sequence[DataRecord]) -> NameChanges:
    old, new = (Counter(map(_content, side)) for side in (before, after))
    return NameChanges(added=_only(after, new - old), removed=_only(before, old - new))


def _only(records: Iterable[DataRecord], contents: Counter[bytes]) -> tuple[str, ...]:
    """The places of records that only one side has, of equal ones the last."""
    left = Counter(contents)
    found = []
    for record in reversed(list(records)):
        content = _content(record)
        if left[content] > 0:
            left[content] -= 1
            found.append(record.place)
    return tuple(sorted(found))


def _content(record: DataRecord) -> bytes:
    value: JSONObject = record.value
    return dump_canonical(value)
