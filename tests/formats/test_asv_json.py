from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.asv_json import parse_asv
from release_tasks.records.benchmark_report import Report

FILE = Path(__file__).parent.parent / "fixtures/benchmarks/asv.json"


def fixture() -> Any:
    return json.loads(FILE.read_bytes())


def parsed(value: object) -> Report:
    return parse_asv(json.dumps(value).encode(), where="f.json")


def one_row(*row: object, columns: tuple[str, ...] = ("result", "params"), name: str = "m.time_x") -> Report:
    return parsed(fixture() | {"result_columns": columns, "results": {name: row}})


def test_every_combination_of_parameters_is_a_metric() -> None:
    report = parse_asv(FILE.read_bytes(), where="f.json")
    assert [(m.name, m.unit, m.direction, len(m.samples)) for m in report.metrics] == [
        ("words.Repeated.time_case(10, 'lower')", "s", "lower", 10),
        ("words.Repeated.time_case(10, 'upper')", "s", "lower", 10),
        ("words.Repeated.time_case(1000, 'lower')", "s", "lower", 10),
        ("words.Repeated.track_length(10, 'lower')", None, None, 1),
        ("words.Repeated.track_length(10, 'upper')", None, None, 1),
        ("words.Repeated.track_length(1000, 'lower')", None, None, 1),
        ("words.peakmem_words", "bytes", "lower", 1),
        ("words.time_split", "s", "lower", 1),
    ]


def test_skipped_and_failed_give_no_value() -> None:
    """asv writes NaN for skipped and null for failed: neither is a number."""
    assert b"NaN" in FILE.read_bytes()
    assert fixture()["results"]["words.track_fails"][0] is None
    names = {metric.name for metric in parse_asv(FILE.read_bytes(), where="f.json").metrics}
    assert "words.Repeated.time_case(1000, 'upper')" not in names
    assert not any("track_fails" in name for name in names)
    mixed = one_row([1.0, float("nan"), None], [["1", "2", "3"]])
    assert [(m.name, m.samples) for m in mixed.metrics] == [("m.time_x(1)", (1.0,))]


def test_without_samples_the_median_has_an_error_from_its_quartiles() -> None:
    found = {metric.name: metric for metric in parsed(fixture()).metrics}["words.time_split"]
    row = dict(zip(fixture()["result_columns"], fixture()["results"]["words.time_split"], strict=False))
    spread = row["stats_q_75"][0] - row["stats_q_25"][0]
    assert found.samples == (row["result"][0],)
    assert found.stderr == pytest.approx(1.25 * spread / (1.35 * row["stats_repeat"][0] ** 0.5))


def test_commit_facts_and_versions_are_said_and_no_host_or_folder() -> None:
    report = parsed(fixture())
    assert (report.commit, report.dirty) == ("ee89628a5ee1c16b383282b65fb370eb1cf1866e", None)
    assert dict(report.machine) == {
        "arch": "x86_64",
        "cpu": "Intel(R) Xeon(R) Processor",
        "cpu_count": "2",
        "ram": "25276502016",
        "system": "Linux 6.18.44-fc-v669",
    }
    assert ("version/words.time_split", fixture()["results"]["words.time_split"][2]) in report.settings


def test_requirements_and_variables_of_the_environment_are_facts() -> None:
    value = fixture() | {"env_vars": {"OMP_NUM_THREADS": "1"}}
    value["params"] |= {"python": "3.12", "numpy": "2.1", "empty": None}
    assert {("python", "3.12"), ("numpy", "2.1")} < set(parsed(value).machine)
    assert ("env/OMP_NUM_THREADS", "1") in parsed(value).settings


@pytest.mark.parametrize(
    ("key", "junk", "where"),
    [
        ("version", 1, "f.json: version"),
        ("commit_hash", "ee89628a", "f.json: commit_hash"),
        ("commit_hash", None, "f.json: commit_hash"),
        ("results", [], "f.json: results"),
        ("results", {"a.time_b": {}}, 'f.json: results["a.time_b"]'),
        ("results", {"a.time_b": [[1]] * 20}, 'f.json: results["a.time_b"]'),
        ("results", {"a.time_b": [[1, 2], []]}, 'f.json: results["a.time_b"][0]'),
        ("results", {"a.time_b": [[float("inf")], []]}, 'f.json: results["a.time_b"][0][0]'),
        ("results", {"a.time_b": [["1"], []]}, 'f.json: results["a.time_b"][0][0]'),
        ("results", {"a.time_b": [[1], [[1]]]}, 'f.json: results["a.time_b"][1][0][0]'),
        ("results", {"a.time_b": [[1], [["1"] * 1000] * 3]}, 'f.json: results["a.time_b"][0]'),
        ("results", {"a.time_b": [[1]] + [None] * 10 + [[[]]]}, 'f.json: results["a.time_b"][0][0]'),
        ("results", {"a.time_b": [[1]] + [None] * 10 + [[]]}, 'f.json: results["a.time_b"][11]'),
        ("results", {}, "f.json"),
        ("results", {"a.time_b": [None, []], "c.d": []}, "f.json"),
    ],
)
def test_a_malformed_value_is_refused_with_its_path(key: str, junk: object, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parsed(fixture() | {key: junk})
    assert caught.value.where == where


def test_quartiles_in_the_wrong_order_are_refused() -> None:
    columns = ("result", "params", "stats_q_25", "stats_q_75", "stats_repeat")
    assert one_row([1], [], [2], [3], [4], columns=columns).metrics[0].stderr == pytest.approx(0.46296296)
    assert one_row([1], [], [2], [3], [1], columns=columns).metrics[0].stderr is None
    with pytest.raises(FormatError) as caught:
        one_row([1], [], [3], [2], [4], columns=columns)
    assert caught.value.wanted == "not less than the lower quartile"
