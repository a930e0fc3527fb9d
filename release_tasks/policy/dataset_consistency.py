"""What a record about a dataset says in more than one place must be the same in each."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.evidence_shape import Misfit
from release_tasks.policy.gate import number, rows
from release_tasks.records.json_value import JSON, JSONObject

LARGEST = 20  # files whose size the evidence tells: the gate judges them by a limit that it alone knows

_TEXT_COUNTS = ("schema_invalid", "unparsed", "too_short", "too_long", "other_language", "pronouns", "mock")


def dataset_contradictions(data: JSONObject) -> Iterator[Misfit]:
    """Find the figures of a well-shaped record that cannot all be true."""
    files, records = number(data, "files"), 0 if data["records"] is None else number(data, "records")
    yield from _equal("largest", min(LARGEST, files), len(rows(data, "largest")))
    for key in ("schema", "duplicates"):
        yield from _equal(f"{key}.records", records, _count(data, key, "records"))
    yield from _schema(data, files)
    duplicates = _count(data, "duplicates", "exact", "near")
    if duplicates is not None:
        yield from _at_most("duplicates: exact and near", max(0, records - 1), duplicates)
    yield from _equal(
        "holdout: heldout and training", records, _count(data, "holdout", "heldout", "training")
    )
    contaminated, heldout = _count(data, "holdout", "contaminated"), _count(data, "holdout", "heldout")
    if contaminated is not None and heldout is not None:
        yield from _at_most("holdout.contaminated", heldout, contaminated)
    yield from _texts(data, records)


def _schema(data: JSONObject, files: float) -> Iterator[Misfit]:
    schema = data["schema"]
    if not isinstance(schema, dict):
        return
    yield from _at_most("schema.files", files, number(schema, "files"))
    for kind in ("files", "records"):
        yield from _at_most(f"schema.valid_{kind}", number(schema, kind), number(schema, f"valid_{kind}"))
    if schema["problem"] is not None:  # nothing was validated
        return
    broken = schema["valid_records"] != schema["records"]
    for key, wanted, found in (
        ("valid_files", broken or bool(data["unreadable"]), schema["valid_files"] != schema["files"]),
        ("examples", broken, bool(schema["examples"])),
    ):
        if found != wanted:
            told = f"{schema['valid_records']} valid of {schema['records']} records"
            yield Misfit(f"schema.{key}", f"what follows from {told}", "something else")


def _texts(data: JSONObject, records: float) -> Iterator[Misfit]:
    texts = data["texts"]
    if not isinstance(texts, dict):
        return
    total = number(texts, "texts")
    if (total == 0) != (records == 0) or (records and total % records):
        yield Misfit("texts.texts", f"as many for each of {records:g} records", f"{total:g}")
    for key in _TEXT_COUNTS:
        if texts[key] is not None:
            yield from _at_most(f"texts.{key}", total, number(texts, key))


def _count(data: JSONObject, key: str, *names: str) -> float | None:
    """The sum of some counts of a measure, None where it was not asked for."""
    measure = data[key]
    return sum(number(measure, name) for name in names) if isinstance(measure, dict) else None


def _equal(key: str, wanted: float, found: JSON) -> Iterator[Misfit]:
    if found is not None and found != wanted:
        yield Misfit(key, f"{wanted:g}, as the rest of the record says", f"{found}")


def _at_most(key: str, most: float, found: float) -> Iterator[Misfit]:
    if found > most:
        yield Misfit(key, f"at most {most:g}, as the rest of the record says", f"{found:g}")
