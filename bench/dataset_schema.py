"""Validation of a dataset's records: ours against a bare jsonschema loop with a compiled validator."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
from measure import REPOSITORY, Bench, main, timed

from release_tasks.formats.dataset_records import parse_records
from release_tasks.policy.dataset_measures import validate
from release_tasks.policy.record_schema import RecordSchema
from release_tasks.records.data_record import DataRecord

DATA = REPOSITORY / "examples" / "tinycoder" / "data"
FILES = 130
LIMIT_S = 0.050


def read_schema() -> Any:
    return json.loads((DATA / "schema.json").read_bytes())


def ours(schema: Any, records: Sequence[DataRecord]) -> Callable[[], object]:
    """All that the step `data` does with a schema: compile, validate, find out whether it holds anything."""

    def work() -> None:
        files = {record.path for record in records}
        found = validate(RecordSchema(schema, where="schema.json"), records, files, path="schema.json")
        if found.violations or found.measure is None or found.measure["vacuous"]:
            raise AssertionError("the records pass, and the schema holds something")

    return work


def bare(schema: Any, records: Sequence[DataRecord]) -> Callable[[], object]:
    """The least that anybody could do: one compiled validator, one loop, formats checked as well."""

    def work() -> None:
        validator = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        if not all(validator.is_valid(record.value) for record in records):
            raise AssertionError("the records pass")

    return work


def from_files(paths: Sequence[Path], schema: Any) -> Callable[[], object]:
    """Read, parse strictly and validate."""

    def work() -> None:
        records = [record for path in paths for record in parse_records(path.read_bytes(), path=path.name)]
        ours(schema, records)()

    return work


def made_records(count: int) -> list[DataRecord]:
    """Records of the bundled dataset, repeated in a drawn order."""
    paths = sorted((DATA / "records").glob("*.json"))
    values = [json.loads(path.read_bytes()) for path in paths]
    drawn = random.Random(0).choices(values, k=count)
    return [DataRecord(path=f"{n:06}.json", number=1, value=value) for n, value in enumerate(drawn)]


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """130 files from the disk, then the same work on ten thousand and a hundred thousand records."""
    del folder
    schema = read_schema()
    paths = sorted((DATA / "records").glob("*.json"))[:FILES]
    few, many = (500, 5_000) if asked.small else (10_000, 100_000)
    bench.measure({f"{FILES} files, read and validated": timed(from_files(paths, schema))})
    bench.rate(f"{FILES} files, seconds", bench.median(f"{FILES} files, read and validated"), at_most=LIMIT_S)
    records = made_records(many)
    bench.measure(
        {
            f"{few} records: ours": timed(ours(schema, records[:few])),
            f"{few} records: bare loop": timed(bare(schema, records[:few])),
            f"{many} records: ours": timed(ours(schema, records)),
            f"{many} records: bare loop": timed(bare(schema, records)),
        }
    )
    for count in (few, many):
        bench.compare(
            f"{count} records: ours / bare jsonschema loop",
            f"{count} records: ours",
            lambda seconds, count=count: seconds(f"{count} records: bare loop"),  # type: ignore[misc]
            at_most=2.0,
        )
    bench.compare(
        f"{many} records: ours / {many // few} times {few} records",
        f"{many} records: ours",
        lambda seconds: many // few * seconds(f"{few} records: ours"),
        at_most=1.2,
    )
    bench.peers["jsonschema"] = {
        "version": metadata.version("jsonschema"),
        "command": "Draft202012Validator.is_valid in a loop",
    }


if __name__ == "__main__":
    main("dataset_schema", run, rounds=5)
