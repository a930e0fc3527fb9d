"""What documents show of one evidence record: a benchmark, a suite, a parity pair, an evaluation."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

from release_tasks.errors import FormatError
from release_tasks.policy.content_figures import Source
from release_tasks.policy.parity_method import pair_delta_nll, pair_tau
from release_tasks.records.content import (
    BenchContent,
    EvaluationContent,
    Figure,
    Measurement,
    PairContent,
    SuiteContent,
)

Data = Mapping[str, Any]  # of evidence whose shape was checked: KeyError and TypeError are bugs
Named = Callable[[str, str], str]  # (declared path, digest) to the name in the release


def bench_content(source: Source, data: Data, named: Named) -> BenchContent:
    """Read evidence of kind `bench`; raises FormatError for a metric that was not measured (B8)."""
    artifact = data["artifact"]
    return BenchContent(
        name=data["name"],
        path=source.path,
        artifact=None if artifact is None else named(artifact["path"], artifact["sha256"]),
        machine=tuple((row["name"], row["value"]) for row in data["machine"]),
        settings=tuple((row["name"], row["value"]) for row in data["settings"]),
        metrics=tuple(
            _measurement(source, data["name"], row, index) for index, row in enumerate(data["metrics"])
        ),
    )


def _measurement(source: Source, bench: str, row: Data, index: int) -> Measurement:
    if not row["samples"]:
        raise FormatError(
            "a metric was not measured",
            wanted=f"a value of {row['name']}",
            found="no sample",
            where=f"{source.path}#/data/metrics/{index}",
            hint="a document never says that a metric is unknown: measure it, or do not declare it",
        )
    name = f"bench.{bench}.{row['name']}"

    def figure(key: str, suffix: str, value: float) -> Figure:
        place = ("data", "metrics", index, key)
        return source.figure(name + suffix, value, *place, unit=row["unit"], direction=row["direction"])

    few = row["median"] is None  # an interval wants more samples than one
    return Measurement(
        name=row["name"],
        unit=row["unit"],
        direction=row["direction"],
        exact=row["exact"],
        median=figure("samples", "", statistics.median(row["samples"]))
        if few
        else figure("median", "", row["median"]),
        low=None if row["low"] is None else figure("low", ".low", row["low"]),
        high=None if row["high"] is None else figure("high", ".high", row["high"]),
        samples=source.figure(f"{name}.samples", len(row["samples"]), "data", "metrics", index, "samples"),
    )


def _count(source: Source, name: str, data: Data, key: str) -> Figure:
    return source.figure(name, len(data[key]), "data", key)


def suite_content(source: Source, data: Data, _named: Named) -> SuiteContent:
    """Read evidence of kind `tests`."""
    name = f"tests.{data['name']}"

    def ran(mark: str) -> Figure:
        return source.figure(f"{name}.{mark}", data["tests"][mark], "data", "tests", mark)

    return SuiteContent(
        name=data["name"],
        path=source.path,
        structural=ran("structural"),
        heuristic=ran("heuristic"),
        failed=_count(source, f"{name}.failed", data, "failed"),
        skipped=_count(source, f"{name}.skipped", data, "skipped"),
    )


def pair_content(source: Source, data: Data, named: Named) -> PairContent:
    """Read evidence of kind `parity`; its figures are those that the gate judges."""
    name, rows = f"parity.{data['name']}", data["rows"]
    taus = [row["tau"] for row in rows]
    measured = bool(rows) and None not in taus
    texts = [(row["tokens"], row["reference_nll"], row["candidate_nll"]) for row in rows]
    reference, candidate = data["reference"], data["candidate"]
    tau = source.figure(f"{name}.tau", pair_tau(taus), "data", "rows") if measured else None
    delta = pair_delta_nll(texts) if measured else None
    return PairContent(
        name=data["name"],
        path=source.path,
        kind=data["kind"],
        reference=named(reference["path"], reference["digest"]),
        candidate=named(candidate["path"], candidate["digest"]),
        prompts=_count(source, f"{name}.prompts", data, "rows"),
        tau=tau,
        delta_nll=None
        if delta is None
        else source.figure(f"{name}.delta_nll", delta, "data", "rows", unit="nats"),
    )


def evaluation_content(source: Source, data: Data, _named: Named) -> EvaluationContent:
    """Read evidence of kind `evaluation`."""
    name = f"evaluation.{data['name']}"
    return EvaluationContent(
        name=data["name"],
        path=source.path,
        judge=data["judge"],
        mock=data["mock"],
        score=source.figure(f"{name}.score", data["score"], "data", "score"),
        threshold=source.figure(f"{name}.threshold", data["threshold"], "data", "threshold"),
        samples=_count(source, f"{name}.samples", data, "samples"),
    )
