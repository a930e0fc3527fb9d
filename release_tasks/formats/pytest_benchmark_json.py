"""Reports of pytest-benchmark (`--benchmark-json`, `--benchmark-save`): seconds per call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from release_tasks.formats.json_field import Field, read_fields
from release_tasks.records.benchmark_report import Report, Sampled, by_name
from release_tasks.records.sample_statistics import median_stderr

_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_NO_COMMIT = (
    "unversioned",
    "unknown",
)  # what pytest-benchmark writes without a repository, or when git fails
_OPTIONS = ("disable_gc", "timer")


def parse_pytest_benchmark(data: bytes, *, where: str) -> Report:
    """Read all samples, or the median where the file was saved without them.

    The metric is called like the benchmark; where two modules have benchmarks of one name, both have their
    full name. The standard error of a median comes from `iqr` and `rounds`. Raises FormatError with the path
    of what is wrong.
    """
    top = read_fields(data, where=where)
    benchmarks = top["benchmarks"].items()
    often = Counter(item["name"].text() for item in benchmarks)
    named = [(item[_name_key(item, often)].text(), item) for item in benchmarks]
    commit, dirty = _commit(top["commit_info"])
    return Report(
        format="pytest-benchmark",
        metrics=by_name((_measured(name, item["stats"]) for name, item in named), where),
        commit=commit,
        dirty=dirty,
        machine=tuple(sorted(_machine(top["machine_info"]))),
        settings=tuple(sorted(setting for name, item in named for setting in _settings(name, item))),
    )


def _name_key(benchmark: Field, often: Counter[str]) -> str:
    return "name" if often[benchmark["name"].text()] == 1 else "fullname"


def _measured(name: str, stats: Field) -> Sampled:
    rounds = stats["rounds"]
    count = rounds.number(least=1)
    data = stats.get("data")
    if data is None:
        median = stats["median"].number(least=0)
        stderr = median_stderr(stats["iqr"].number(least=0), int(count))
        return Sampled(name=name, samples=(median,), unit="s", direction="lower", stderr=stderr)
    samples = tuple(item.number(least=0) for item in data.items())
    if len(samples) != count:
        raise rounds.wrong(f"the number of samples, {len(samples)}")
    return Sampled(name=name, samples=samples, unit="s", direction="lower")


def _commit(info: Field) -> tuple[str | None, bool | None]:
    found = info["id"].text()
    if found in _NO_COMMIT:
        return None, None
    if not _COMMIT.fullmatch(found):
        raise info["id"].wrong("40 lower-case hex digits, or one of " + ", ".join(_NO_COMMIT))
    return found, info["dirty"].flag()


def _machine(info: Field) -> Iterator[tuple[str, str]]:
    """Yield facts of the hardware, system and interpreter; the name of the host (`node`) is none of them."""
    for name, keys in (
        ("arch", ("machine",)),
        ("python", ("python_implementation", "python_version")),
        ("system", ("system", "release")),
    ):
        parts = [part.plain() for key in keys if (part := info.get(key)) is not None]
        if parts:
            yield name, " ".join(parts)
    cpu = info.get("cpu")
    for name, key in (("cpu", "brand_raw"), ("cpu_count", "count")):
        if cpu is not None and (fact := cpu.get(key)) is not None:
            yield name, fact.plain()


def _settings(name: str, benchmark: Field) -> Iterator[tuple[str, str]]:
    options = benchmark["options"]
    for key in _OPTIONS:
        if (value := options.get(key)) is not None:
            yield f"{key}/{name}", value.plain()
