"""`[dataset]` and `[checkpoint]`: what the model was trained on, and which of its checkpoints is released."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import get_args

from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import choice, integer, matching, text
from release_tasks.config.schema import Checkpoint, Dataset, Direction, Language, Source
from release_tasks.errors import ConfigError

_VERSION = matching(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,127}", "letters, digits and . _ + -, at most 128")


def _read_sources(tables: Sequence[Table], roots: Collection[str]) -> tuple[Source, ...]:
    found: list[Source] = []
    for table in tables:
        source = _read_source(table, roots)
        if source is None:
            continue
        if any(source.name == other.name for other in found):
            table.problem(ConfigError("two sources have one name", found=source.name), "name")
        found.append(source)
    return tuple(found)


def _read_source(table: Table, roots: Collection[str]) -> Source | None:
    name = table.one("name", text, required="the name of the source")
    found = given(
        url=table.one("url", text),
        license=table.one("license", text),
        record=table.one("record", declared_path(roots=roots, globs=False)),
    )
    table.close()
    return None if name is None else Source(name=name, **found)


# Keys that measure nothing without another one.
_NEEDS = {
    "categories": "category",
    "min_chars": "text",
    "max_chars": "text",
    "language": "text",
    "pronouns": "text",
    "mock": "text",
    "critical": "provenance",
    "supercritical": "provenance",
    "ethnocultural": "provenance",
    "split": "holdout_splits",
    "holdout_splits": "split",
}


def _refuse_idle(table: Table) -> None:
    for key, needed in _NEEDS.items():
        if key in table and needed not in table:
            hint = f"declare dataset.{needed}, or remove dataset.{key}"
            table.problem(ConfigError(f"{key} measures nothing without {needed}", hint=hint), key)


def read_dataset(table: Table | None, roots: Collection[str]) -> Dataset | None:
    """Read `[dataset]`; `roots` are the declared root names."""
    if table is None:
        return None
    file, files = declared_path(roots=roots, globs=False), declared_path(roots=roots, globs=True)
    version = table.one("version", _VERSION, required="the version of the data, as 1.0.0")
    paths = table.many("files", files, required='the files of the data, as ["data/**/*.json"]', least=1)
    sources = _read_sources(table.tables("sources"), roots)
    found = given(
        records=table.many("records", files),
        schema=table.one("schema", file),
        id=table.one("id", text),
        weight=table.one("weight", text),
        text=table.many("text", text),
        category=table.one("category", text),
        categories=table.many("categories", text),
        language=table.one("language", choice(get_args(Language))),
        min_chars=table.one("min_chars", integer(0)),
        max_chars=table.one("max_chars", integer(1)),
        pronouns=table.one("pronouns", text),
        mock=table.one("mock", text),
        provenance=table.one("provenance", text),
        critical=table.many("critical", text),
        supercritical=table.many("supercritical", text),
        ethnocultural=table.many("ethnocultural", text),
        targets=table.one("targets", file),
        holdout=table.many("holdout", files),
        split=table.one("split", text),
        holdout_splits=table.many("holdout_splits", text),
        version_field=table.one("version_field", text),
        folder=table.one("folder", file),
    )
    _refuse_idle(table)
    table.close()
    if version is None or paths is None:
        return None
    low, high = found.get("min_chars"), found.get("max_chars")
    if low is not None and high is not None and low > high:
        limits = f"min_chars {low}, max_chars {high}"
        table.problem(
            ConfigError("no text is that long", wanted="min_chars <= max_chars", found=limits), "max_chars"
        )
    return Dataset(version=version, files=paths, sources=sources, **found)


def read_checkpoint(table: Table | None, roots: Collection[str]) -> Checkpoint | None:
    """Read `[checkpoint]`: the record of all checkpoints and the metric that selects one."""
    if table is None:
        return None
    file = declared_path(roots=roots, globs=False)
    record = table.one("record", file, required="the JSON file that lists all checkpoints")
    metric = table.one("metric", text, required="the metric that selects, as validation_loss")
    wanted = "which way is better: higher or lower"
    direction: Direction | None = table.one("direction", choice(get_args(Direction)), required=wanted)
    table.close()
    if record is None or metric is None or direction is None:
        return None
    return Checkpoint(record=record, metric=metric, direction=direction)
