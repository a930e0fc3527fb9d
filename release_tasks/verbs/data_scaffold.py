"""The release.toml that `init --type dataset` writes, from the data that a folder holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from release_tasks.records.frozen_record import frozen
from release_tasks.system.storage import storage_errors
from release_tasks.verbs.scaffold import Heading, head_lines, toml_text

_FOLDERS = ("data", "dataset", "records")
_SUFFIXES = (".csv", ".json", ".jsonl", ".ndjson", ".parquet", ".tsv", ".txt")


@frozen
class DataFiles:
    """Where the data are, which kinds of files they are, and their schema where there is one."""

    folder: str
    suffixes: tuple[str, ...]
    schema: str | None


def find_data_files(folder: Path) -> DataFiles | None:
    """Find the first folder that holds files of data; None without one. Hidden files are none."""
    with storage_errors(folder):
        for name in _FOLDERS:
            files = [path for path in (folder / name).rglob("*") if path.is_file()]
            suffixes = sorted({path.suffix for path in files if path.suffix in _SUFFIXES})
            if suffixes:
                schemas = (f"{name}/schema.json", "schema.json")
                schema = next((path for path in schemas if (folder / path).is_file()), None)
                return DataFiles(folder=name, suffixes=tuple(suffixes), schema=schema)
    return None


def dataset_text(heading: Heading, found: DataFiles | None) -> str:
    """The text of release.toml for a dataset that is released by itself."""
    return "\n".join((*head_lines(heading), *_dataset(heading, found), ""))


def _dataset(heading: Heading, found: DataFiles | None) -> Iterator[str]:
    data = found or DataFiles(folder="data", suffixes=(".json",), schema=None)
    yield "[dataset]"
    yield f"version = {toml_text(heading.version)}  # that of the release"
    if found is None:
        yield "# None was found. Name the files:"
    yield f"files = {toml_text([f'{data.folder}/**/*{suffix}' for suffix in data.suffixes])}"
    yield f"folder = {toml_text(data.folder)}  # every file below it must be one of files"
    yield "# JSON Schema of a record; a record that it refuses is counted and may refuse the release."
    yield f"schema = {toml_text(data.schema)}" if data.schema else '# schema = "schema.json"'
    yield "# Which fields of a record are what; each makes more of it measured."
    yield '# id = "id"'
    yield '# text = ["text"]'
    yield '# category = "category"'
    yield '# split = "split"'
    yield '# holdout_splits = ["test"]'
    yield ""
    yield "# Where the data came from, one table for each source."
    yield "# [[dataset.sources]]"
    yield '# name = "our own texts"'
    yield '# license = "CC0-1.0"'
    yield ""
    yield "# What only people can say of the data, one heading for each section: docs/reference/documents.md"
    yield "# [cards]"
    yield '# data = "DATA_CARD.md"'
