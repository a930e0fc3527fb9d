"""`[bench.<name>]`: what is measured, in which format the report comes, and what is wanted of each metric."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from release_tasks.config.artifacts import weights_file
from release_tasks.config.command import require_placeholders
from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import choice, describe, flag, integer, matching, number, text
from release_tasks.config.schema import Artifacts, BenchFormat, Benchmark, Direction, Metric
from release_tasks.config.steps import read_command, read_named
from release_tasks.errors import ConfigError

_METRIC_NAME = matching(r"[A-Za-z][A-Za-z0-9_]{0,99}", "a letter, then also digits and _; at most 100")
# What says how a command measures: for a report that was measured elsewhere it would mean nothing.
_OF_A_COMMAND = ("repeats", "warmup", "seed", "timeout_s")


def _share(value: object) -> float:
    found = number(value)
    if not 0 <= found <= 1:
        raise ConfigError("number out of range", wanted="0 to 1, as 0.05 for 5 %", found=describe(value))
    return found


def _read_metric(table: Table, name: str) -> Metric | None:
    wanted = "which way is better: higher or lower"
    direction: Direction | None = table.one("direction", choice(get_args(Direction)), required=wanted)
    unit = table.one("unit", text, required="the unit, as tokens/s, ms or 1 for a share")
    found = given(
        target=table.one("target", number),
        max_regression=table.one("max_regression", _share),
        source=table.one("source", text),
        exact=table.one("exact", flag),
    )
    table.close()
    if direction is None or unit is None:
        return None
    return Metric(name=name, direction=direction, unit=unit, **found)


def _read_metrics(table: Table | None) -> tuple[Metric, ...] | None:
    if table is None:
        return None
    found = []
    for key in sorted(table.keys):
        try:
            _METRIC_NAME(key)
        except ConfigError as error:
            error.hint = "source = … says how the report calls it"
            table.problem(error, key)
        inner = table.table(key)
        found.append(None if inner is None else _read_metric(inner, key))
    if not table.keys:
        table.problem(ConfigError("no metric", wanted="at least one [bench.<name>.metrics.<metric>]"))
    return tuple(metric for metric in found if metric is not None)


def _check_source(table: Table) -> None:
    """A benchmark is measured here, by a command, or its report comes from elsewhere."""
    if ("command" in table) == ("report" in table):
        table.problem(
            ConfigError(
                "exactly one of command and report must be there",
                wanted="a command that measures, or a report that was measured elsewhere",
                found="both" if "command" in table else "neither",
            ),
            "command",
        )
    elif "report" in table:
        for key in _OF_A_COMMAND:
            if key in table:
                error = ConfigError(f"{key} without a command", wanted="no such key beside report")
                table.problem(error, key)


def _read_benchmark(
    table: Table, name: str, roots: Collection[str], artifacts: Artifacts | None
) -> Benchmark | None:
    kind: BenchFormat | None = table.one(
        "format", choice(get_args(BenchFormat)), required="the format of the report, as performance"
    )
    metrics = _read_metrics(table.table("metrics", required="[bench.<name>.metrics.<metric>]"))
    command = read_command(table, "command", required=None) if "command" in table else None
    report = table.one("report", declared_path(roots=roots, globs=True))
    found = given(
        artifact=table.one("artifact", weights_file(roots, artifacts)),
        reads=table.many("reads", declared_path(roots=roots, globs=True)),
        repeats=table.one("repeats", integer(1, 1000)),
        warmup=table.one("warmup", integer(0, 1000)),
        seed=table.one("seed", integer(0)),
        timeout_s=table.one("timeout_s", integer(1, 86_400)),
    )
    table.close()
    _check_source(table)
    if command is not None:
        may = ("artifact", "seed")
        known = tuple(key for key in may if key in table)
        require_placeholders(table, command, needed=("report",), known=known, declarable=may)
    if kind is None or metrics is None:
        return None
    return Benchmark(name=name, format=kind, metrics=metrics, command=command, report=report, **found)


def read_benchmarks(
    table: Table | None, roots: Collection[str], artifacts: Artifacts | None
) -> tuple[Benchmark, ...] | None:
    """Read every `[bench.<name>]`, sorted by name; what is measured must be a file of `artifacts`."""
    return read_named(table, lambda inner, name: _read_benchmark(inner, name, roots, artifacts))
