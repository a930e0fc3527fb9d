"""Read every record of the dataset once, measure it, and write the evidence and the released statistics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from release_tasks.config.schema import Dataset
from release_tasks.errors import ConfigError, FormatError, IntegrityError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.formats.dataset_records import SUFFIXES, parse_records
from release_tasks.formats.fetch_record import parse_fetch_record
from release_tasks.formats.marginal_targets import parse_targets
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.dataset_consistency import LARGEST
from release_tasks.policy.dataset_measures import (
    Validated,
    count_categories,
    measure_duplicates,
    measure_holdout,
    other_versions,
    validate,
)
from release_tasks.policy.dataset_statistics import DataFile, build_statistics
from release_tasks.policy.dataset_value_measures import (
    measure_marginals,
    measure_personal_data,
    measure_provenance,
    measure_texts,
    measure_weights,
)
from release_tasks.policy.record_schema import RecordSchema
from release_tasks.policy.record_values import value_at
from release_tasks.records.data_record import DataRecord
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.frozen_record import frozen
from release_tasks.records.identity import tree_digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.dataset import KIND, STATISTICS
from release_tasks.stages.dataset_digest import dataset_entries
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context, Report
from release_tasks.stages.own_schema import check_own
from release_tasks.stages.records_io import write_record
from release_tasks.stages.workspace import Workspace


@frozen
class _Data:
    """What was read: each file with its digest and size, and records in the order of their files.

    `holders` are the files that should hold records; of those in `unreadable`, with why, none was taken.
    """

    digests: Mapping[str, Digest]
    sizes: Mapping[str, int]
    holders: tuple[str, ...]
    records: tuple[DataRecord, ...]
    unreadable: tuple[tuple[str, str], ...]


def _among(dataset: Dataset, workspace: Workspace, key: str, known: Mapping[str, Digest]) -> tuple[str, ...]:
    """The files of `dataset.records` or `dataset.holdout`; raises ConfigError for one that `files` lacks."""
    found = workspace.index.expand(dataset.records if key == "records" else dataset.holdout)
    foreign = [path for path in found if path not in known]
    if foreign:
        raise ConfigError(
            f"dataset.{key} names files that dataset.files does not",
            wanted="files of the dataset",
            found=", ".join(foreign[:5]),
            where=f"release.toml: dataset.{key}",
            hint="add them to dataset.files: what is measured must be in the dataset's digest",
        )
    return found


def _read(dataset: Dataset, workspace: Workspace, report: Report) -> _Data:
    """Read and parse every file that should hold records.

    Raises IntegrityError when a file is not what the digest index says: a forged row must not be released.
    """
    digests = dict(dataset_entries(dataset, workspace))
    others = {dataset.schema, dataset.targets, *(source.record for source in dataset.sources)}
    holders = _among(dataset, workspace, "records", digests) or tuple(
        path for path in digests if path.lower().endswith(SUFFIXES) and path not in others
    )
    heldout = set(_among(dataset, workspace, "holdout", digests))
    records: list[DataRecord] = []
    unreadable = []
    for number, path in enumerate(holders):
        if number % 1000 == 0:
            report(f"reading records, file {number + 1} of {len(holders)}")
        data = workspace.index.locate(path).read_bytes()
        digest = sha256(hashlib.sha256(data).hexdigest())
        if digest != digests[path]:
            raise IntegrityError(
                f"{path} is not the file that the state remembers",
                wanted=str(digests[path]),
                found=str(digest),
                where=path,
                hint="the file or the state changed; remove .release/*.sqlite, then run again",
            )
        try:
            found = parse_records(data, path=path)
        except FormatError as error:
            unreadable.append((path, f"{error.what}: {error.found}" if error.found else error.what))
            continue
        records += [replace(item, heldout=path in heldout or _of_split(dataset, item)) for item in found]
    return _Data(
        digests=digests,
        sizes={path: workspace.index.locate(path).stat().st_size for path in digests},
        holders=holders,
        records=tuple(records),
        unreadable=tuple(unreadable),
    )


def _of_split(dataset: Dataset, record: DataRecord) -> bool:
    return dataset.split is not None and value_at(record.value, dataset.split) in dataset.holdout_splits


def _schema(dataset: Dataset, workspace: Workspace) -> RecordSchema | FormatError | None:
    """The compiled schema, or why it is none."""
    if dataset.schema is None:
        return None
    try:
        value = parse_strict(workspace.index.locate(dataset.schema).read_bytes(), where=dataset.schema)
        return RecordSchema(value, where=dataset.schema)
    except FormatError as error:
        return error


def _sources(dataset: Dataset, workspace: Workspace) -> list[JSON] | None:
    """How and when each source with a record was fetched; raises FormatError for a damaged record."""
    rows: list[JSON] = []
    for source in dataset.sources:
        if source.record is not None:
            data = workspace.index.locate(source.record).read_bytes()
            fetch = parse_fetch_record(data, where=source.record)
            rows.append(
                {
                    "name": source.name,
                    "fetched_at": fetch.moment,
                    "status": fetch.status,
                    "from_cache": fetch.from_cache,
                }
            )
    return rows or None


def _unmatched(context: Context, known: Mapping[str, Digest], dataset: Dataset) -> list[JSON]:
    """Files below `dataset.folder` that no pattern of `dataset.files` matches, and that say nothing of it."""
    if dataset.folder is None:
        return []
    *_, folder = context.step.trees
    named = {dataset.schema, dataset.targets, *(source.record for source in dataset.sources)}
    return [path for path in context.workspace.index.tree_files(folder) if path not in {*known, *named}]


def _files(data: _Data, validated: Validated) -> tuple[DataFile, ...]:
    broken = {path for path, _ in data.unreadable}
    counts = dict.fromkeys((path for path in data.holders if path not in broken), 0)
    for record in data.records:
        counts[record.path] += 1
    judged = set(data.holders) if validated.measure is not None else set()
    return tuple(
        DataFile(
            path=path,
            size=data.sizes[path],
            sha256=digest,
            records=counts.get(path),
            valid=path in validated.valid_files if path in judged else None,
        )
        for path, digest in data.digests.items()
    )


def _measure(context: Context, dataset: Dataset, data: _Data, validated: Validated) -> JSONObject:
    """Everything that a gate looks at, but for the digest of the statistics."""
    context.report("comparing records")
    workspace, records = context.workspace, data.records
    categories = count_categories(dataset, records)
    largest = sorted(data.sizes.items(), key=lambda item: (-item[1], item[0]))[:LARGEST]
    targets = None
    if dataset.targets is not None:
        targets = parse_targets(workspace.index.locate(dataset.targets).read_bytes(), where=dataset.targets)
    empty: list[JSON] = [name for name in dataset.categories if not (categories or {}).get(name)]
    return {
        "version": dataset.version,
        "files": len(data.digests),
        "records": len(records) if data.holders else None,
        "other_versions": other_versions(dataset, records),
        "unreadable": [{"path": path, "problem": problem} for path, problem in data.unreadable],
        "largest": [{"path": path, "bytes": size} for path, size in largest],
        "unmatched": _unmatched(context, data.digests, dataset),
        "empty_categories": empty if dataset.categories else None,
        "schema": validated.measure,
        "duplicates": measure_duplicates(dataset, records) if records else None,
        "holdout": measure_holdout(dataset, records),
        "weights": measure_weights(dataset, records),
        "marginals": measure_marginals(dataset, targets, records),
        "provenance": measure_provenance(dataset, records),
        "texts": measure_texts(dataset, records, validated.violations),
        "personal_data": measure_personal_data(records) if data.holders else None,
        "sources": _sources(dataset, workspace),
    }


def measure_dataset(context: Context) -> None:
    """Write dataset_statistics.json and the evidence `dataset`, whatever the data are like.

    Raises FormatError for targets or records of fetches that are damaged, ConfigError for globs that match
    nothing or files outside the dataset, IntegrityError for bytes that are not those of the index.
    """
    dataset = context.plan.release.dataset
    if dataset is None:
        raise AssertionError("BUG: the step was planned without [dataset]")
    data = _read(dataset, context.workspace, context.report)
    context.report(f"validating {len(data.records)} records")
    schema = _schema(dataset, context.workspace)
    broken = [path for path, _ in data.unreadable]
    validated = validate(schema, data.records, data.holders, unreadable=broken, path=dataset.schema or "")
    evidence = _measure(context, dataset, data, validated)
    statistics = build_statistics(
        version=dataset.version,
        digest=tree_digest((path, digest.hex) for path, digest in data.digests.items()),
        files=_files(data, validated),
        categories=count_categories(dataset, data.records),
        evidence=evidence,
    )
    check_own("dataset-statistics", statistics)
    write_record(context.workspace, STATISTICS, statistics)
    digest = sha256(hashlib.sha256(dump_canonical(statistics)).hexdigest())
    write_measurement(context, KIND, {**evidence, "statistics": str(digest)})
