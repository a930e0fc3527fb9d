from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.pytest_benchmark_json import parse_pytest_benchmark
from release_tasks.records.benchmark_report import Report
from tests.fakes.json_bends import replaced

FIXTURES = Path(__file__).parent.parent / "fixtures/benchmarks"
NAMES = ["test_hash[blake2b]", "test_hash[sha256]", "test_split"]


def fixture(name: str = "pytest-benchmark") -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


def parsed(value: object) -> Report:
    return parse_pytest_benchmark(json.dumps(value).encode(), where="f.json")


def test_all_rounds_are_samples_in_seconds() -> None:
    report = parsed(fixture())
    raw = {row["name"]: row["stats"]["data"] for row in fixture()["benchmarks"]}
    assert [(m.name, m.unit, m.direction, m.stderr) for m in report.metrics] == [
        (name, "s", "lower", None) for name in NAMES
    ]
    assert all(metric.samples == tuple(raw[metric.name]) for metric in report.metrics)


def test_what_was_saved_without_samples_gives_the_median_with_its_error() -> None:
    """McGill, Tukey and Larsen (1978): 1.25 IQR / (1.35 sqrt(n))."""
    found = {metric.name: metric for metric in parsed(fixture("pytest-benchmark-saved")).metrics}
    for row in fixture("pytest-benchmark-saved")["benchmarks"]:
        stats, metric = row["stats"], found[row["name"]]
        assert metric.samples == (stats["median"],)
        assert metric.stderr == pytest.approx(1.25 * stats["iqr"] / (1.35 * stats["rounds"] ** 0.5))


def test_commit_machine_and_settings_are_those_of_the_file_and_no_host() -> None:
    report = parsed(fixture())
    assert (report.commit, report.dirty) == ("ee89628a5ee1c16b383282b65fb370eb1cf1866e", False)
    assert dict(report.machine) == {
        "arch": "x86_64",
        "cpu": "Intel(R) Xeon(R) Processor",
        "cpu_count": "2",
        "python": "CPython 3.11.7",
        "system": "Linux 6.18.44-fc-v669",
    }
    assert "bench-1" not in str(report.machine)
    assert ("timer/test_split", "perf_counter") in report.settings


def test_benchmarks_of_one_name_in_two_modules_keep_their_full_names() -> None:
    value = fixture()
    twin = value["benchmarks"][0] | {"fullname": "other.py::test_split"}
    value["benchmarks"].append(twin)
    names = [metric.name for metric in parsed(value).metrics]
    assert names == ["bench_tokens.py::test_split", "other.py::test_split", *NAMES[:2]]


@pytest.mark.parametrize("word", ["unversioned", "unknown"])
def test_without_a_repository_there_is_no_commit(word: str) -> None:
    value = fixture()
    value["commit_info"] = {"id": word, "time": None, "dirty": False}
    assert (parsed(value).commit, parsed(value).dirty) == (None, None)


def test_a_dirty_tree_is_said() -> None:
    value = fixture()
    value["commit_info"]["dirty"] = True
    assert parsed(value).dirty is True


@pytest.mark.parametrize(
    ("path", "junk", "where"),
    [
        (("commit_info", "id"), "ee89628", "commit_info.id"),
        (("commit_info", "dirty"), None, "commit_info.dirty"),
        (("benchmarks", 0, "name"), 3, "benchmarks[0].name"),
        (("benchmarks", 0, "stats", "rounds"), 8, "benchmarks[0].stats.rounds"),
        (("benchmarks", 0, "stats", "data", 1), "fast", "benchmarks[0].stats.data[1]"),
        (("benchmarks", 0, "stats", "data", 1), -1.0, "benchmarks[0].stats.data[1]"),
        (("benchmarks", 0, "options"), None, "benchmarks[0].options"),
        (("machine_info",), [], "machine_info"),
    ],
)
def test_a_malformed_value_is_refused_with_its_path(path: tuple[Any, ...], junk: object, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parsed(replaced(fixture(), path, junk))
    assert caught.value.where == f"f.json: {where}"
