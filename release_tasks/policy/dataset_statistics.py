"""dataset_statistics.json: what a dataset is, a function of files and declaration alone (K18, K23)."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.formats.canonical_json import round_floats
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject

SCHEMA_VERSION = 1
# Of the measures in the evidence; `unmatched` is left out, because it speaks of files that are no input.
MEASURES = (
    "duplicates",
    "holdout",
    "marginals",
    "other_versions",
    "personal_data",
    "provenance",
    "schema",
    "texts",
    "weights",
)
# Words of other libraries and places for people: they may differ where the data do not.
_FOR_PEOPLE = frozenset({"examples", "problem"})


@frozen
class DataFile:
    """One file of the dataset: size in bytes, digest, and of one that should hold records, how many.

    `records` is None for a file that holds none by its role, or that could not be read; `valid` is None where
    nothing was validated.
    """

    path: str
    size: int
    sha256: Digest
    records: int | None = None
    valid: bool | None = None


def build_statistics(
    *,
    version: str,
    digest: Digest,
    files: tuple[DataFile, ...],
    categories: Mapping[str, int] | None,
    evidence: JSONObject,
) -> JSONObject:
    """Collect the statistics; floats are rounded to 6 decimals, integers and booleans stay (K5).

    NaN and infinities stay too, and are refused when the value is written.
    """
    rows: list[JSON] = [
        {
            "path": file.path,
            "bytes": file.size,
            "sha256": file.sha256.hex,
            "records": file.records,
            "valid": file.valid,
        }
        for file in sorted(files, key=lambda file: file.path)
    ]
    value: JSONObject = {
        "schema_version": SCHEMA_VERSION,
        "dataset_version": version,
        "dataset_hash": str(digest),
        "file_count": len(files),
        "bytes": sum(file.size for file in files),
        "record_count": evidence["records"],
        "categories": None if categories is None else dict(categories),
        "files": rows,
        **{name: _plain(evidence[name]) for name in MEASURES},
    }
    rounded = round_floats(value)
    if not isinstance(rounded, dict):
        raise TypeError("BUG: an object became something else")
    return rounded


def _plain(measure: JSON) -> JSON:
    if isinstance(measure, dict):
        return {key: item for key, item in measure.items() if key not in _FOR_PEOPLE}
    return measure
