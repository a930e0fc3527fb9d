"""The tables of cards: facts, figures and files of a release as cells of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from release_tasks.formats.markdown import code_span
from release_tasks.policy.content import CONFIG, QUALITY, STATISTICS
from release_tasks.policy.traces import traced
from release_tasks.records.content import Content, Figure, Measurement

Rows: TypeAlias = "list[tuple[str, ...]]"

_FACTS = (
    ("Version", "version"),
    ("Type", "release_type"),
    ("Architecture", "architecture"),
    ("Licence", "license"),
    ("Documentation", "docs_version"),
    ("Dataset", "dataset_version"),
    ("Tokenizer", "tokenizer_version"),
    ("Date", "date"),
    ("Commit", "git_commit_short"),
    ("Model", "model_hash"),
    ("exact_root", "exact_root"),
)
_LINEAGE = (
    ("Dataset version", "dataset_version"),
    ("Dataset digest", "dataset_hash"),
    ("Commit of its recipe", "git_commit_short"),
    ("Released with", "version"),
    ("Model trained from it", "model_hash"),
)


def fact_rows(content: Content) -> Rows:
    """What metadata.json says of the release; what is not known says why."""
    return _metadata(content, _FACTS)


def lineage_rows(content: Content) -> Rows:
    """Which data these are, by digest, and what was made from them."""
    return _metadata(content, _LINEAGE)


def _metadata(content: Content, names: Sequence[tuple[str, str]]) -> Rows:
    reasons = content.metadata.get("reasons")
    why = reasons if isinstance(reasons, dict) else {}
    rows: Rows = []
    for label, key in names:
        value = content.metadata.get(key)
        known = f"not stated: {why.get(key)}" if value is None else code_span(str(value))
        rows.append((label, known))
    return rows


def _named(content: Content, prefix: str) -> Iterator[tuple[str, Figure]]:
    for name, figure in content.figures.items():
        if name.startswith(f"{prefix}."):
            yield name.removeprefix(f"{prefix}."), figure


def config_rows(content: Content) -> Rows:
    """The values at the top of config.json, numbers with their source."""
    figures = dict(_named(content, "config"))
    rows: Rows = []
    for key, value in content.record(CONFIG).items():
        if key in figures:
            rows.append((code_span(key), traced(figures[key])))
        elif isinstance(value, str):
            rows.append((code_span(key), code_span(value)))
        elif value is None or isinstance(value, bool):
            rows.append((code_span(key), {None: "null", True: "true", False: "false"}[value]))
    return rows


def file_rows(content: Content, roles: Sequence[str]) -> Rows:
    """The released files of some roles with size and digest."""
    return [
        (
            code_span(file.path),
            file.role,
            traced(content.figures[f"bytes.{file.path}"]),
            f"`{file.entry.sha256.short}`",
        )
        for file in content.files
        if file.role in roles
    ]


def quality_rows(content: Content) -> Rows:
    """The numbers of quality.json."""
    return [(code_span(name), traced(figure)) for name, figure in _named(content, "quality")]


def has_quality(content: Content) -> bool:
    """Whether the release states its quality."""
    return QUALITY in content.records


def bench_rows(metrics: Sequence[Measurement]) -> Rows:
    """One benchmark: median, the interval that holds it, samples; what is exact has no interval."""
    return [
        (
            code_span(metric.name),
            traced(metric.median),
            _interval(metric),
            "" if metric.unit == "1" else code_span(metric.unit),
            metric.direction,
            traced(metric.samples),
        )
        for metric in metrics
    ]


def _interval(metric: Measurement) -> str:
    if metric.exact:
        return "exact"
    if metric.low is None or metric.high is None:
        return "too few samples"
    return f"{traced(metric.low)} to {traced(metric.high)}"


def suite_rows(content: Content) -> Rows:
    """The test suites."""
    return [
        (
            code_span(suite.name),
            *(traced(figure) for figure in (suite.structural, suite.heuristic, suite.failed, suite.skipped)),
        )
        for suite in content.suites
    ]


def pair_rows(content: Content) -> Rows:
    """The parity pairs: how alike a format answers."""
    return [
        (
            code_span(pair.candidate),
            code_span(pair.reference),
            pair.kind,
            "not measured" if pair.tau is None else traced(pair.tau),
            "not measured" if pair.delta_nll is None else f"{traced(pair.delta_nll)} nats",
            traced(pair.prompts),
        )
        for pair in content.pairs
    ]


def evaluation_rows(content: Content) -> Rows:
    """The evaluations by a rubric."""
    return [
        (
            code_span(item.name),
            traced(item.score),
            traced(item.threshold),
            traced(item.samples),
            f"{item.judge}, a mock" if item.mock else item.judge,
        )
        for item in content.evaluations
    ]


def dataset_rows(content: Content, *keys: tuple[str, str]) -> Rows:
    """Figures of dataset_statistics.json by (label, name); what the data do not have is left out."""
    return [
        (label, traced(content.figures[f"dataset.{name}"]))
        for label, name in keys
        if f"dataset.{name}" in content.figures
    ]


def category_rows(content: Content) -> Rows:
    """How many records each category has."""
    return [(code_span(name), traced(figure)) for name, figure in _named(content, "dataset.categories")]


def source_rows(content: Content) -> Rows:
    """Where the data came from, as `[[dataset.sources]]` says."""
    found = content.evidence("evidence/dataset.json").get("sources")
    rows = found if isinstance(found, list) else []
    return [
        tuple(
            code_span(str(row[key])) if row.get(key) else "not stated" for key in ("name", "url", "license")
        )
        for row in rows
        if isinstance(row, dict)
    ]


def schema_path(content: Content) -> str | None:
    """The JSON Schema that every record was validated by."""
    schema = content.record(STATISTICS).get("schema")
    return str(schema["path"]) if isinstance(schema, dict) else None
