"""The gates of the dataset as a whole: its files, schema, duplicates, coverage and held-out records."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.dataset_consistency import dataset_contradictions
from release_tasks.policy.dataset_value_gates import DATASET_VALUE_CHECKS, DATASET_VALUE_FIELDS
from release_tasks.policy.evidence_shape import (
    COUNT,
    DIGEST,
    FLAG,
    RATE,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    EvidenceKind,
    or_null,
)
from release_tasks.policy.evidence_shape import nested as nested_of
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, number, part_if_asked, rows, text
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.verdict import Finding

MB = 1_000_000


def names(value: JSON) -> list[str]:
    """A list of texts; raises TypeError for anything else, as `rows`."""
    if not isinstance(value, list):
        raise TypeError("BUG: not a list of texts")
    return [text(item) for item in value]


def share(count: float, total: float) -> str:
    """A count and its share in words, as `3 of 100 (0.03)`."""
    return f"{count:g} of {total:g} ({count / max(1, total):.4g})"


def _dataset(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["files"] == 0 or data["records"] == 0:
        found = "no file" if data["files"] == 0 else f"no record in {data['files']} files"
        yield Finding(code=GateCode.DATASET_EMPTY, subject="[dataset]", wanted="records", found=found)
    for row in [] if data["other_versions"] is None else rows(data, "other_versions"):
        yield Finding(
            code=GateCode.CONFIG_VERSION_MISMATCH,
            subject="dataset.version_field",
            wanted=f"{text(data['version'])} in every record",
            found=f"{text(row['version'])} in {row['records']} records",
        )
    for row in rows(data, "unreadable"):
        yield Finding(
            code=GateCode.DATASET_RECORDS_INVALID,
            subject=text(row["path"]),
            wanted="records that can be read",
            found=text(row["problem"]),
        )


def _schema(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    schema = part_if_asked(data, "schema")
    if schema is None:
        yield Finding(
            code=GateCode.DATASET_SCHEMA_UNDECLARED,
            subject="release.toml: dataset.schema",
            wanted="a JSON Schema for the records",
            found="nothing declared",
        )
    elif schema["problem"] is not None:
        yield Finding(
            code=GateCode.DATASET_SCHEMA_INVALID,
            subject=text(schema["path"]),
            wanted="a JSON Schema of Draft 2020-12",
            found=text(schema["problem"]),
        )
    else:
        yield from _validity(schema, rules)


def _validity(schema: JSONObject, rules: Rules) -> Iterator[Finding]:
    path = text(schema["path"])
    if schema["vacuous"] is not False:
        wanted = "a schema that refuses at least one bent copy of a record"
        yield Finding(
            code=GateCode.DATASET_SCHEMA_VACUOUS, subject=path, wanted=wanted, found="every copy passes"
        )
    for name in names(schema["unchecked_formats"]):
        yield Finding(
            code=GateCode.DATASET_SCHEMA_VACUOUS,
            subject=path,
            wanted="formats that are checked",
            found=f'"format": "{name}", which is not',
        )
    kinds = (
        ("files", rules.limit("min_validation_rate")),
        ("records", rules.limits["min_schema_valid_rate"]),
    )
    for kind, least in kinds:
        total, valid = number(schema, kind), number(schema, f"valid_{kind}")
        if least is not None and total and valid / total < least:
            yield Finding(
                code=GateCode.DATASET_RECORDS_INVALID,
                subject=f"{path}: {kind}",
                wanted=f"at least {least:g} of the {kind} without a violation",
                found=_with_examples(share(valid, total), schema),
            )


def _with_examples(found: str, holder: JSONObject) -> str:
    """What was found, and the first three examples of it."""
    examples = [f"{row['record']}: {row['problem']}" for row in rows(holder, "examples")[:3]]
    return "; ".join([found, *examples])


def _duplicates(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    found = part_if_asked(data, "duplicates")
    if found is None:
        return
    limit = rules.limit("max_duplicate_rate")
    exact, near, total = (number(found, key) for key in ("exact", "near", "records"))
    if (exact + near) / max(1, total) >= limit:
        parts = f"{share(exact + near, total)}: {exact:g} exact, {near:g} near"
        yield Finding(
            code=GateCode.DATASET_DUPLICATES,
            subject="[dataset]",
            wanted=f"a share of repeated records below {limit:g}",
            found="; ".join([parts, *_repeats(found)]),
        )
    for name in names(found["repeated_ids"]):
        yield Finding(
            code=GateCode.DATASET_DUPLICATES,
            subject="dataset.id",
            wanted="every id once",
            found=f"{name} more than once",
        )


def _repeats(holder: JSONObject) -> list[str]:
    """The first three pairs of records that repeat each other, in words."""
    return [
        f"{row['record']} repeats {row['original']} ({row['similarity']:.4g})"
        for row in rows(holder, "examples")[:3]
    ]


def _sizes(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    limit = rules.limit("max_file_size_mb")
    for row in rows(data, "largest"):
        size = number(row, "bytes")
        if size > limit * MB:
            yield Finding(
                code=GateCode.DATASET_FILE_TOO_LARGE,
                subject=text(row["path"]),
                wanted=f"at most {limit:g} MB",
                found=f"{size / MB:.1f} MB",
            )


def _coverage(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    empty = data["empty_categories"]
    for name in [] if empty is None else names(empty):
        yield Finding(
            code=GateCode.DATASET_CATEGORY_EMPTY,
            subject=f"dataset.categories: {name}",
            wanted="at least one record",
            found="none",
        )
    for path in names(data["unmatched"]):
        yield Finding(
            code=GateCode.DATASET_UNMATCHED_FILES,
            subject=path,
            wanted="a file that dataset.files matches",
            found="a file that no rule matches",
        )


def _holdout(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    held = part_if_asked(data, "holdout")
    if held is None:
        return
    for key, word in (("heldout", "held-out"), ("training", "training")):
        if held[key] == 0:
            yield Finding(
                code=GateCode.DATASET_EMPTY,
                subject="dataset.holdout",
                wanted=f"{word} records",
                found="none",
            )
    if held["contaminated"] != 0:
        examples = _repeats(held)
        yield Finding(
            code=GateCode.DATASET_CONTAMINATED,
            subject="dataset.holdout",
            wanted="held-out records that no training record repeats",
            found="; ".join([share(number(held, "contaminated"), number(held, "heldout")), *examples]),
        )


_PAIRS = rows_of({"record": TEXT, "original": TEXT, "similarity": RATE})

DATASET_KINDS: dict[str, EvidenceKind] = {
    "dataset": EvidenceKind(
        fields={
            "version": TEXT,
            "statistics": DIGEST,
            "files": COUNT,
            "records": or_null(COUNT),
            "other_versions": or_null(rows_of({"version": TEXT, "records": COUNT})),
            "unreadable": rows_of({"path": TEXT, "problem": TEXT}),
            "largest": rows_of({"path": TEXT, "bytes": COUNT}),
            "unmatched": TEXTS,
            "empty_categories": or_null(TEXTS),
            "schema": or_null(
                nested_of(
                    {
                        "path": TEXT,
                        "problem": TEXT_OR_NULL,
                        "vacuous": FLAG,
                        "unchecked_formats": TEXTS,
                        "files": COUNT,
                        "valid_files": COUNT,
                        "records": COUNT,
                        "valid_records": COUNT,
                        "examples": rows_of({"record": TEXT, "problem": TEXT}),
                    }
                )
            ),
            "duplicates": or_null(
                nested_of(
                    {
                        "records": COUNT,
                        "exact": COUNT,
                        "near": COUNT,
                        "repeated_ids": TEXTS,
                        "examples": _PAIRS,
                    }
                )
            ),
            "holdout": or_null(
                nested_of({"heldout": COUNT, "training": COUNT, "contaminated": COUNT, "examples": _PAIRS})
            ),
            **DATASET_VALUE_FIELDS,
        },
        contradictions=dataset_contradictions,
    ),
}

_CHECKS = (
    ("dataset", _dataset, "The dataset has records, all can be read, and they are of the declared version."),
    (
        "dataset-schema",
        _schema,
        "Enough files and records pass the JSON Schema, and the schema holds something.",
    ),
    ("dataset-duplicates", _duplicates, "Few records are the same or nearly, and no id occurs twice."),
    ("dataset-sizes", _sizes, "No file of the dataset is too large."),
    ("dataset-coverage", _coverage, "Every category has a record, and every file of the folder is matched."),
    ("dataset-holdout", _holdout, "No training record repeats a held-out one."),
)

DATASET_GATES: tuple[Gate, ...] = tuple(
    Gate(
        name=name,
        point="candidate",
        evidence="dataset",
        check=check,
        doc=doc,
        undeclared=GateCode.DATASET_UNDECLARED,
    )
    for name, check, doc in (*_CHECKS, *DATASET_VALUE_CHECKS)
)
