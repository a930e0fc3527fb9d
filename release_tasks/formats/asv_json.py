"""Result files of airspeed velocity (asv), format 2: one commit on one machine in one environment."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

from release_tasks.formats.json_field import Field, read_fields
from release_tasks.records.benchmark_report import Report, Sampled, by_name
from release_tasks.records.sample_statistics import median_stderr

_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_PATH = re.compile(r"[/\\]")
_VERSION = 2
_MAX_COMBINATIONS = 100_000
# Kind of benchmark by the prefix of its function, as asv itself has it: unit of the value.
_UNITS = {"time_": "s", "timeraw_": "s", "mem_": "bytes", "peakmem_": "bytes"}
# Other names in `params`, which also holds the requirements of the environment with their versions.
_FACTS = {"num_cpu": "cpu_count", "os": "system"}


def parse_asv(data: bytes, *, where: str) -> Report:
    """Read every value: `<benchmark>`, or `<benchmark>(<params>)` where it has parameters.

    Skipped (NaN) and failed (null) combinations give no metric. Samples are there where asv recorded them,
    else its median with a standard error from its quartiles. Whether the tree was dirty asv does not say.
    Raises FormatError with the path of what is wrong.
    """
    top = read_fields(data, where=where, python_floats=True)
    if top["version"].value != _VERSION:
        raise top["version"].wrong(f"{_VERSION}, the format of asv since 0.5")
    commit = top["commit_hash"]
    if not _COMMIT.fullmatch(commit.text()):
        raise commit.wrong("40 lower-case hex digits")
    columns = tuple(column.text() for column in top["result_columns"].items())
    rows = [(name, _row(columns, row)) for name, row in top["results"].members()]
    metrics = (metric for name, row in rows for metric in _values(name, row))
    return Report(
        format="asv",
        metrics=by_name(metrics, where),
        commit=commit.text(),
        machine=tuple(sorted(_machine(top))),
        settings=tuple(sorted(_settings(top, rows))),
    )


def _row(columns: tuple[str, ...], row: Field) -> dict[str, Field]:
    """Name the cells of a row; asv leaves out the last ones when they are null."""
    cells = row.items()
    if len(cells) > len(columns):
        raise row.wrong(f"at most {len(columns)} values, one per column")
    return {column: cell for column, cell in zip(columns, cells, strict=False) if cell.value is not None}


def _values(name: str, row: dict[str, Field]) -> Iterator[Sampled]:
    if "result" not in row:
        return  # failed as a whole
    results = row["result"].items()
    labels = _labels(row.get("params"), row["result"])
    if len(results) != len(labels):
        raise row["result"].wrong(f"{len(labels)} values, one per combination of parameters")
    function = name.rpartition(".")[2]
    unit = next((unit for prefix, unit in _UNITS.items() if function.startswith(prefix)), None)
    for index, (label, result) in enumerate(zip(labels, results, strict=True)):
        if result.value is None or (isinstance(result.value, float) and math.isnan(result.value)):
            continue
        value, recorded = result.number(), _cell(row, "samples", index)
        samples = (value,) if recorded is None else tuple(item.number() for item in recorded.items())
        if not samples:
            raise result.wrong("nothing, where no sample was taken")
        yield Sampled(
            name=name + label,
            samples=samples,
            unit=unit,
            direction=None if unit is None else "lower",
            stderr=_stderr(row, index) if recorded is None else None,
        )


def _labels(params: Field | None, result: Field) -> list[str]:
    """Return `(a, b)` for every combination in asv's order, the last parameter running fastest."""
    choices = [] if params is None else [[item.text() for item in axis.items()] for axis in params.items()]
    if not choices:
        return [""]
    if math.prod(map(len, choices)) > _MAX_COMBINATIONS:
        raise result.wrong(f"at most {_MAX_COMBINATIONS} combinations of parameters")
    return [f"({', '.join(combination)})" for combination in itertools.product(*choices)]


def _cell(row: dict[str, Field], column: str, index: int) -> Field | None:
    """Return one combination's value of a column, or None when it has none."""
    if column not in row:
        return None
    cells = row[column].items()
    if index >= len(cells):
        raise row[column].wrong("one value per combination of parameters")
    return None if cells[index].value is None else cells[index]


def _stderr(row: dict[str, Field], index: int) -> float | None:
    low, high, count = (_cell(row, f"stats_{key}", index) for key in ("q_25", "q_75", "repeat"))
    if low is None or high is None or count is None:
        return None
    spread = high.number() - low.number()
    if spread < 0:
        raise high.wrong("not less than the lower quartile")
    return median_stderr(spread, int(count.number(least=0)))


def _machine(top: Field) -> Iterator[tuple[str, str]]:
    """Yield facts and requirements; not the host's name (`machine`), nor where an existing Python lies."""
    for key, value in top["params"].members():
        if value.value is None or key == "machine" or (key == "python" and _PATH.search(value.plain())):
            continue
        yield _FACTS.get(key, key), value.plain()


def _settings(top: Field, rows: list[tuple[str, dict[str, Field]]]) -> Iterator[tuple[str, str]]:
    """Yield the environment's variables, and each benchmark's version: asv compares equal versions only."""
    variables = top.get("env_vars")
    for key, value in () if variables is None else variables.members():
        yield f"env/{key}", value.plain()
    for name, row in rows:
        if "version" in row:
            yield f"version/{name}", row["version"].plain()
