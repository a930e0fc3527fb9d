"""The content graph of a release, a pure function of the files of its tree."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from release_tasks.errors import FormatError
from release_tasks.formats.hand_text import read_hand_text
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.bench_shape import baseline_misfits
from release_tasks.policy.content_evidence import (
    Data,
    Named,
    bench_content,
    evaluation_content,
    pair_content,
    suite_content,
)
from release_tasks.policy.content_figures import Source
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS
from release_tasks.policy.evidence_shape import misfits
from release_tasks.records.code_table import OTHER_TYPES
from release_tasks.records.content import Content, Figure, GateContent
from release_tasks.records.document import DOCUMENT_ROLES
from release_tasks.records.evidence import evidence_from_json
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import ManifestFile
from release_tasks.records.release_contents import METADATA, VERDICT
from release_tasks.records.step import RECORDS
from release_tasks.records.verdict import Verdict, verdict_from_json

TEXT_ROLES = ("card-text", "template")  # what people wrote, copied into the tree
STATISTICS = "evidence/dataset_statistics.json"
QUALITY = "evidence/quality.json"
BASELINE = "evidence/baseline.json"
CONFIG = "config.json"
CARDS = "evidence/cards.json"
_RENDERED = (*DOCUMENT_ROLES, "readme")
_RAW = ("bench-report", "provenance")  # what evidence was made from: the evidence has all that counts
_Row = TypeVar("_Row")


def content_files(files: Iterable[ManifestFile]) -> tuple[ManifestFile, ...]:
    """The files of a release that documents may speak of: all but documents themselves, sorted."""
    return tuple(sorted((file for file in files if file.role not in _RENDERED), key=lambda file: file.path))


def content_reads(files: Iterable[ManifestFile]) -> tuple[str, ...]:
    """The files whose bytes `build_content` needs, by path."""
    return tuple(file.path for file in content_files(files) if _is_record(file) or file.role in TEXT_ROLES)


def _is_record(file: ManifestFile) -> bool:
    inside = file.path.startswith("evidence/") and file.path.endswith(".json") and file.role not in _RAW
    return inside or file.path in {METADATA, CONFIG}


def build_content(files: Iterable[ManifestFile], data: Mapping[str, bytes]) -> Content:
    """Put the content graph together; `data` holds the bytes of `content_reads(files)`.

    Raises FormatError for JSON that is malformed, for evidence that is not of its kind, and for a benchmark
    of which a metric is missing: a document never says "unknown" (B8).
    """
    known = {file.path: file for file in content_files(files)}
    records = {path: parse_strict(data[path], where=path) for path, file in known.items() if _is_record(file)}
    names = {str(file.entry.sha256): file.path for file in known.values() if file.cls == "exact"}

    def named(path: str, digest: str) -> str:
        return names.get(digest, path)

    def read(kind: str, reader: Callable[[Source, Data, Named], _Row]) -> tuple[_Row, ...]:
        found = _evidence(kind, known, records)
        return tuple(reader(_source(known[path]), record, named) for path, record in found)

    content = Content(
        metadata=_object(records.get(METADATA)),
        files=tuple(known.values()),
        records=records,
        texts={
            path: read_hand_text(data[path], where=path)
            for path, file in known.items()
            if file.role in TEXT_ROLES
        },
        gates=tuple(_gates(records.get(VERDICT))),
        benches=tuple(sorted(read("bench", bench_content), key=lambda bench: bench.name)),
        suites=read("tests", suite_content),
        pairs=read("parity", pair_content),
        evaluations=read("evaluation", evaluation_content),
    )
    return replace(content, figures={figure.name: figure for figure in _figures(content)})


def _object(value: JSON) -> JSONObject:
    return value if isinstance(value, dict) else {}


def _source(file: ManifestFile) -> Source:
    return Source(path=file.path, sha256=file.entry.sha256)


def _evidence(
    kind: str, files: Mapping[str, ManifestFile], records: Mapping[str, JSON]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and data of every evidence record of one kind, its shape checked."""
    for path, value in records.items():
        if files[path].role == "evidence" and _object(value).get("kind") == kind:
            record = evidence_from_json(value, where=path)
            for misfit in misfits(record.data, EVIDENCE_KINDS[kind].fields):
                raise FormatError(
                    f"evidence is not of its kind, {kind}",
                    wanted=misfit.wanted,
                    found=misfit.found,
                    where=f"{path}: {misfit.key}",
                )
            yield path, dict(record.data)


def _gates(value: JSON) -> Iterator[GateContent]:
    """The gates of the verdict, without those that only look at releases of another type."""
    if value is None:
        return
    verdict: Verdict = verdict_from_json(value, where=VERDICT)
    for gate in verdict.gates:
        if gate.status == "skipped" and any(finding.code in OTHER_TYPES for finding in gate.findings):
            continue
        yield GateContent(
            name=gate.gate,
            hardness=gate.hardness,
            status=gate.status,
            evidence=tuple(path.replace(f"{RECORDS}/", "evidence/", 1) for path in gate.evidence),
            findings=tuple(f"{one.code} {one.subject}" for one in gate.findings),
        )


def _figures(content: Content) -> Iterator[Figure]:
    sources = {file.path: _source(file) for file in content.files}
    for path, prefix in ((STATISTICS, "dataset"), (QUALITY, "quality"), (CONFIG, "config")):
        if path in content.records:
            yield from sources[path].numbers(prefix, content.records[path])
    seed = content.metadata.get("training_seed")
    if isinstance(seed, int):
        yield sources[METADATA].figure("training.seed", seed, "training_seed")
    for bench in content.benches:
        for metric in bench.metrics:
            found = (metric.median, metric.samples, metric.low, metric.high)
            yield from (figure for figure in found if figure is not None)
    for suite in content.suites:
        yield from (suite.structural, suite.heuristic, suite.failed, suite.skipped)
    for pair in content.pairs:
        yield from (figure for figure in (pair.prompts, pair.tau, pair.delta_nll) if figure is not None)
    for evaluation in content.evaluations:
        yield from (evaluation.score, evaluation.threshold, evaluation.samples)
    if BASELINE in content.records:
        yield from _baseline_figures(content.record(BASELINE).get("baseline"), sources[BASELINE])
    for file in content.files:
        yield sources[file.path].size(file.entry.size)


def _baseline_figures(value: JSON, source: Source) -> Iterator[Figure]:
    """What the last release measured: the median of every metric of the baseline."""
    baseline = _object(value)
    for misfit in baseline_misfits(baseline) if baseline else ():
        raise FormatError(
            "not a baseline",
            wanted=misfit.wanted,
            found=misfit.found,
            where=f"{source.path}: baseline.{misfit.key}",
        )
    quality: list[dict[str, Any]] = _object(baseline.get("contract")).get("quality", [])  # type: ignore[assignment]
    for number, row in enumerate(quality):
        place = ("baseline", "contract", "quality", number, "value")
        yield source.figure(f"baseline.quality.{row['name']}", row["value"], *place)
    benches: list[dict[str, Any]] = baseline.get("benches", [])  # type: ignore[assignment]
    for number, bench in enumerate(benches):
        for index, row in enumerate(bench["metrics"]):
            yield source.figure(
                f"baseline.bench.{bench['name']}.{row['name']}",
                statistics.median(row["samples"]),
                *("baseline", "benches", number, "metrics", index, "samples"),
                unit=row["unit"],
                direction=row["direction"],
            )
