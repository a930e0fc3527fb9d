"""Our own performance report, JSON: one schema for whoever writes it and whoever reads it (B7, B17, B22)."""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from typing import Literal, cast

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.formats.performance_schema import check_performance
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.benchmark_report import Report, Sampled, by_name
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.performance import SPEED, Performance
from release_tasks.records.sample_statistics import summarise

_SHARE = re.compile(r"compile_rate|pass_at_[1-9][0-9]*", re.ASCII)
_CLOSE = 1e-9  # relative; another language may round the last digits otherwise
_ENVIRONMENT = ("deterministic", "seed", "cpu_count", "threads", "cpu", "versions")


def dump_performance(report: Performance) -> bytes:
    """Write canonical JSON, with the statistics that the samples have.

    Raises FormatError for a report that the reader would refuse.
    """
    fields = {key: value for key, value in asdict(report).items() if key not in ("metrics", *_ENVIRONMENT)}
    environment: JSONObject = {
        "deterministic": report.deterministic,
        "seed": report.seed,
        "cpu_count": report.cpu_count,
        "threads": report.threads,
    }
    if report.cpu is not None:
        environment["cpu"] = report.cpu
    if report.versions:
        environment["versions"] = dict(report.versions)
    metrics: JSONObject = {
        name: {**asdict(summarise(samples)), "samples": list(samples)} for name, samples in report.metrics
    }
    data = dump_canonical(
        {
            **fields,
            "schema_version": 1,
            "cli_args": list(report.cli_args),
            "metrics": metrics,
            "environment": environment,
        }
    )
    read_performance(data, where="the report to be written")
    return data


def read_performance(data: bytes, *, where: str) -> Performance:
    """Read a report in any JSON layout: benchmarks are written in every language.

    Raises FormatError with the path of what is wrong: what violates the schema, statistics that are not those
    of their samples, and a number of samples that is neither 1 nor the number of iterations.
    """
    value = parse_strict(data, where=where)
    check_performance(value, where)
    found = cast("JSONObject", value)
    iterations = _whole(found["iterations"])
    metrics = tuple(
        (name, _samples(cast("JSONObject", metric), iterations, f"{where}: metrics.{name}"))
        for name, metric in sorted(cast("JSONObject", found["metrics"]).items())
    )
    environment = cast("JSONObject", found["environment"])
    seed = environment["seed"]
    return Performance(
        date=str(found["date"]),
        platform=str(found["platform"]),
        wsl2=found["wsl2"] is True,
        git_commit=cast("str | None", found["git_commit"]),
        git_dirty=cast("bool | None", found["git_dirty"]),
        model_id=str(found["model_id"]),
        model_hash=str(found["model_hash"]),
        format=str(found["format"]),
        cli_args=tuple(map(str, cast("list[JSON]", found["cli_args"]))),
        iterations=iterations,
        warmup=_whole(found["warmup"]),
        metrics=metrics,
        deterministic=environment["deterministic"] is True,
        seed=None if seed is None else _whole(seed),
        cpu_count=_whole(environment["cpu_count"]),
        threads=_whole(environment["threads"]),
        cpu=cast("str | None", environment.get("cpu")),
        versions=tuple(
            sorted((k, str(v)) for k, v in cast("JSONObject", environment.get("versions", {})).items())
        ),
        mock=found.get("mock", False) is True,
    )


def parse_performance(data: bytes, *, where: str) -> Report:
    """Read a report as `read_performance` does, and return what comparisons need of it."""
    found = read_performance(data, where=where)
    machine = {
        "cpu_count": str(found.cpu_count),
        "platform": found.platform,
        "wsl2": _word(value=found.wsl2),
        **{f"version/{name}": version for name, version in found.versions},
    }
    if found.cpu is not None:
        machine["cpu"] = found.cpu
    settings = {
        "deterministic": _word(value=found.deterministic),
        "format": found.format,
        "seed": "none" if found.seed is None else str(found.seed),
        "threads": str(found.threads),
        "warmup": str(found.warmup),
    }
    return Report(
        format="performance",
        metrics=by_name((_sampled(name, samples) for name, samples in found.metrics), where),
        commit=found.git_commit,
        dirty=found.git_dirty,
        model_hash=found.model_hash,
        machine=tuple(sorted(machine.items())),
        settings=tuple(sorted(settings.items())),
        mock=found.mock,
    )


def _sampled(name: str, samples: tuple[float, ...]) -> Sampled:
    unit, direction = SPEED.get(name, ("1", "higher") if _SHARE.fullmatch(name) else (None, None))
    better = cast("Literal['higher', 'lower'] | None", direction)
    return Sampled(name=name, samples=samples, unit=unit, direction=better)


def _samples(metric: JSONObject, iterations: int, where: str) -> tuple[float, ...]:
    samples = tuple(float(cast("float", item)) for item in cast("list[JSON]", metric["samples"]))
    if len(samples) not in (1, iterations):
        raise FormatError(
            "samples and iterations do not fit",
            wanted=f"{iterations} samples, one per iteration, or one for all",
            found=f"{len(samples)} samples",
            where=f"{where}.samples",
        )
    reach = max(map(abs, samples))
    for name, wanted in asdict(summarise(samples)).items():
        found = float(cast("float", metric[name]))
        # A spread is a small difference of large numbers: it is held to the size of the samples too.
        slack = 1e-12 * reach if name == "stddev" else 0.0
        if not math.isclose(found, wanted, rel_tol=_CLOSE, abs_tol=slack):
            raise FormatError(
                f"{name} is not the {name} of its samples",
                wanted=repr(wanted),
                found=repr(found),
                where=f"{where}.{name}",
            )
    return samples


def _whole(value: JSON) -> int:
    """Turn what the schema let pass as an integer (1, and 1.0 too) into one."""
    return int(cast("float", value))


def _word(*, value: bool) -> str:
    return "true" if value else "false"
