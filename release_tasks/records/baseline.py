"""A baseline: what one release measured, kept so that the next can be compared with it.

The JSON is that of schemas/baseline.schema.json; its shape in code is `policy.bench_shape`, which whoever
reads a baseline from outside checks first. Schema 1, which had benchmarks alone, is still read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.model_contract import ModelContract, contract_from_json

SCHEMA_VERSION = 2
BASELINES = "baselines"  # the committed folder, one file for each released version


def baseline_path(version: str) -> str:
    """Where the baseline of a released version is committed."""
    return f"{BASELINES}/{version}.json"


@frozen
class Figure:
    """One metric as it was measured: unit, which way is better, samples in that unit, their noise."""

    name: str
    unit: str
    direction: Literal["higher", "lower"]
    exact: bool
    samples: tuple[float, ...]
    stderr: float | None = None


@frozen
class BenchFigures:
    """One benchmark: the SHA-256 of the file that was measured, where and how, and its metrics by name."""

    name: str
    model_hash: str | None
    machine: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    metrics: tuple[Figure, ...]

    def metric(self, name: str) -> Figure | None:
        """The metric of a name, None when it was not measured."""
        return next((figure for figure in self.metrics if figure.name == name), None)


@frozen
class Baseline:
    """All benchmarks of one version, sorted by name, and its contract: None where nobody wrote that down."""

    version: str
    benches: tuple[BenchFigures, ...]
    contract: ModelContract | None = None

    def bench(self, name: str) -> BenchFigures | None:
        """The benchmark of a name, None when there is none."""
        return next((bench for bench in self.benches if bench.name == name), None)

    def to_json(self) -> JSONObject:
        """Write the baseline as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "version": self.version,
            "benches": [_bench_json(bench) for bench in self.benches],
            "contract": None if self.contract is None else self.contract.to_json(),
        }


def _bench_json(bench: BenchFigures) -> JSON:
    return {
        "name": bench.name,
        "model_hash": bench.model_hash,
        "machine": facts_json(bench.machine),
        "settings": facts_json(bench.settings),
        "metrics": [
            {
                "name": figure.name,
                "unit": figure.unit,
                "direction": figure.direction,
                "exact": figure.exact,
                "samples": list[JSON](figure.samples),
                "stderr": figure.stderr,
            }
            for figure in bench.metrics
        ],
    }


def facts_json(facts: Iterable[tuple[str, str]]) -> JSON:
    """Facts as a list of names and values."""
    return [{"name": name, "value": value} for name, value in facts]


def baseline_of(version: str, records: Iterable[Mapping[str, Any]]) -> Baseline:
    """The baseline that a version leaves behind, from the data of its evidence of kind `bench`.

    A metric that was declared and not measured is left out: nothing can be compared with it.
    """
    benches = sorted((_bench(record) for record in records), key=lambda bench: bench.name)
    return Baseline(version=version, benches=tuple(benches))


def baseline_from_json(value: Mapping[str, Any]) -> Baseline:
    """Read what `to_json` wrote, of either schema.

    The shape must have been checked: KeyError and TypeError are bugs.
    """
    measured = baseline_of(value["version"], value["benches"])
    contract = value.get("contract")
    return measured if contract is None else replace(measured, contract=contract_from_json(contract))


def _bench(record: Mapping[str, Any]) -> BenchFigures:
    metrics = [
        Figure(
            name=row["name"],
            unit=row["unit"],
            direction=row["direction"],
            exact=row["exact"],
            samples=tuple(row["samples"]),
            stderr=row["stderr"],
        )
        for row in record["metrics"]
        if row["samples"]
    ]
    return BenchFigures(
        name=record["name"],
        model_hash=record["model_hash"],
        machine=_facts(record["machine"]),
        settings=_facts(record["settings"]),
        metrics=tuple(sorted(metrics, key=lambda figure: figure.name)),
    )


def _facts(rows: Iterable[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((row["name"], row["value"]) for row in rows))
