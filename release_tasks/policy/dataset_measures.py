"""Measure a dataset as a whole: schema, duplicates, coverage and held-out records, as plain JSON.

A measure is None where release.toml does not declare what it needs. Examples are for people and come first
in their order; they never stand in the statistics, because they quote other libraries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from release_tasks.config.schema import Dataset
from release_tasks.errors import FormatError
from release_tasks.policy.marginal_error import category_name
from release_tasks.policy.near_duplicates import SimilarTexts
from release_tasks.policy.record_schema import RecordSchema, Violation
from release_tasks.policy.record_values import content_digest, texts_of, value_at, without
from release_tasks.records.data_record import DataRecord
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

EXAMPLES = 20
Records = Sequence[DataRecord]
Violations = Mapping[str, tuple[Violation, ...]]  # by the place of the record


@frozen
class Validated:
    """What a schema says of the records: the measure for the evidence, violations, files without any."""

    measure: JSONObject | None
    violations: Violations
    valid_files: frozenset[str]


def validate(
    schema: RecordSchema | FormatError | None,
    records: Records,
    files: Collection[str],
    *,
    unreadable: Collection[str] = (),
    path: str = "",
) -> Validated:
    """Validate every record; `files` are all files that should hold records, `path` is the schema's.

    A file counts as valid when it could be read and none of its records violates the schema. A schema that is
    no schema, or that fails while it is used, validates nothing: its error is the measure.
    """
    if schema is None:
        return Validated(measure=None, violations={}, valid_files=frozenset())
    try:
        if isinstance(schema, FormatError):
            raise schema
        found = {record.place: schema.violations(record.value) for record in records}
        sound = [record for record in records if not found[record.place]]
        vacuous = bool(sound) and len(sound) == len(records) and schema.is_vacuous(sound)
    except FormatError as error:
        return _no_schema(error, records, files, path)
    violations = {place: items for place, items in found.items() if items}
    valid = set(files) - set(unreadable) - {record.path for record in records if record.place in violations}
    examples: list[JSON] = [
        {"record": place, "problem": f"{items[0].at}: {items[0].problem}"}
        for place, items in list(violations.items())[:EXAMPLES]
    ]
    measure: JSONObject = {
        "path": path,
        "problem": None,
        "vacuous": vacuous,
        "unchecked_formats": list[JSON](schema.unchecked),
        "files": len(files),
        "valid_files": len(valid),
        "records": len(records),
        "valid_records": len(records) - len(violations),
        "examples": examples,
    }
    return Validated(measure=measure, violations=violations, valid_files=frozenset(valid))


def _no_schema(error: FormatError, records: Records, files: Collection[str], path: str) -> Validated:
    measure: JSONObject = {
        "path": path,
        "problem": ": ".join(filter(None, (error.what, error.found))),
        "vacuous": False,
        "unchecked_formats": [],
        "files": len(files),
        "valid_files": 0,
        "records": len(records),
        "valid_records": 0,
        "examples": [],
    }
    return Validated(measure=measure, violations={}, valid_files=frozenset())


def _names_only(dataset: Dataset) -> tuple[str, ...]:
    """Fields that name a record or say where it belongs: they do not make it another one."""
    return tuple(filter(None, (dataset.id, dataset.split)))


def _digests(dataset: Dataset, records: Records) -> list[str]:
    return [content_digest(record.value, _names_only(dataset)) for record in records]


def _compared(dataset: Dataset, record: DataRecord) -> str:
    """What of a record is compared for likeness: its text fields where they are declared, else all texts."""
    if dataset.text:
        found: Iterable[JSON] = (value_at(record.value, name) for name in dataset.text)
    else:
        found = (text for _, text in texts_of(without(record.value, _names_only(dataset))))
    return "\n".join(text for text in found if isinstance(text, str))


def _pair(record: DataRecord, original: DataRecord, similarity: float) -> JSON:
    return {"record": record.place, "original": original.place, "similarity": similarity}


def measure_duplicates(dataset: Dataset, records: Records) -> JSONObject:
    """Records that repeat an earlier one, exactly or nearly, each counted once; and ids that occur twice."""
    first: dict[str, int] = {}
    pairs: list[JSON] = []
    distinct: list[DataRecord] = []
    for index, digest in enumerate(_digests(dataset, records)):
        if digest in first:
            pairs.append(_pair(records[index], records[first[digest]], 1.0))
        else:
            first[digest] = index
            distinct.append(records[index])
    exact = len(pairs)
    near = list(SimilarTexts([_compared(dataset, record) for record in distinct]).repeated())
    pairs += [_pair(distinct[item.index], distinct[item.original], item.similarity) for item in near]
    ids = (
        Counter(category_name(value_at(record.value, dataset.id)) for record in records) if dataset.id else {}
    )
    repeated = sorted(name for name, count in ids.items() if count > 1 and name != "null")
    return {
        "records": len(records),
        "exact": exact,
        "near": len(near),
        "repeated_ids": list[JSON](repeated[:EXAMPLES]),
        "examples": pairs[:EXAMPLES],
    }


def measure_holdout(dataset: Dataset, records: Records) -> JSONObject | None:
    """Held-out records that a training record repeats, exactly or nearly."""
    if not dataset.holdout and not dataset.holdout_splits:
        return None
    training: dict[str, DataRecord] = {}
    heldout: list[tuple[str, DataRecord]] = []
    for digest, record in zip(_digests(dataset, records), records, strict=True):
        if record.heldout:
            heldout.append((digest, record))
        else:
            training.setdefault(digest, record)
    pairs = [_pair(record, training[digest], 1.0) for digest, record in heldout if digest in training]
    others = [record for digest, record in heldout if digest not in training]
    texts = [_compared(dataset, record) for record in (*training.values(), *others)]
    known = list(training.values())
    pairs += [
        _pair(others[item.index - len(known)], known[item.original], item.similarity)
        for item in SimilarTexts(texts).resembling(range(len(known)))
    ]
    return {
        "heldout": len(heldout),
        "training": len(records) - len(heldout),
        "contaminated": len(pairs),
        "examples": pairs[:EXAMPLES],
    }


def count_categories(dataset: Dataset, records: Records) -> dict[str, int] | None:
    """Records by category, sorted by name; every declared category is there, with 0 when it is empty."""
    if dataset.category is None:
        return None
    name = dataset.category
    found = Counter(category_name(value_at(record.value, name)) for record in records)
    return {key: found[key] for key in sorted({*found, *dataset.categories})}


def other_versions(dataset: Dataset, records: Records) -> list[JSON] | None:
    """The versions that records state instead of the declared one, sorted, with how many do."""
    if dataset.version_field is None:
        return None
    found: dict[str, int] = defaultdict(int)
    for record in records:
        found[category_name(value_at(record.value, dataset.version_field))] += 1
    return [
        {"version": version, "records": count}
        for version, count in sorted(found.items())
        if version != dataset.version
    ]
