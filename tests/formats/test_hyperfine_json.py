from __future__ import annotations

import json
from pathlib import Path

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.hyperfine_json import parse_hyperfine
from release_tasks.records.benchmark_report import Sampled

FIXTURES = Path(__file__).parent.parent / "fixtures/benchmarks"


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def test_every_run_is_a_sample_in_seconds() -> None:
    report = parse_hyperfine(fixture("hyperfine"), where="f.json")
    raw = {row["command"]: row["times"] for row in json.loads(fixture("hyperfine"))["results"]}
    assert report.metrics == tuple(
        Sampled(name=name, samples=tuple(raw[name]), unit="s", direction="lower")
        for name in ("sleep 0.01", "split")
    )
    assert (report.commit, report.dirty, report.machine, report.settings) == (None, None, (), ())


def test_commands_of_a_parameter_scan_are_told_apart() -> None:
    report = parse_hyperfine(fixture("hyperfine-once"), where="f.json")
    assert [(m.name, len(m.samples)) for m in report.metrics] == [("sleep 0.001", 1), ("sleep 0.002", 1)]


def test_a_command_that_failed_is_no_measurement() -> None:
    with pytest.raises(FormatError) as caught:
        parse_hyperfine(fixture("hyperfine-failed"), where="f.json")
    assert str(caught.value) == (
        "value not as its format has it\n"
        "  wanted: exit code 0\n"
        "  found:  1\n"
        "  where:  f.json: results[1].exit_codes[0]\n"
        "  hint:   measure a command that succeeds, without --ignore-failure"
    )


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ({"command": "a"}, "f.json: results[0].times"),
        ({"command": "a", "times": []}, "f.json: results[0].times"),
        ({"command": "a", "times": [-1]}, "f.json: results[0].times[0]"),
        ({"command": "a", "times": [1], "exit_codes": [None]}, "f.json: results[0].exit_codes[0]"),
        ({"command": "a", "times": [1], "exit_codes": [False]}, "f.json: results[0].exit_codes[0]"),
        ({"command": "", "times": [1]}, "f.json: results[0].command"),
    ],
)
def test_a_malformed_result_is_refused(row: object, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_hyperfine(json.dumps({"results": [row]}).encode(), where="f.json")
    assert caught.value.where == where


def test_old_reports_without_exit_codes_are_read() -> None:
    data = b'{"results": [{"command": "a", "times": [1, 2.5]}]}'
    assert parse_hyperfine(data, where="f").metrics[0].samples == (1.0, 2.5)


@pytest.mark.parametrize(
    ("rows", "what"),
    [([], "the report has no measured value"), (["a", "a"], "the report has a metric twice")],
)
def test_a_report_has_each_metric_once(rows: list[str], what: str) -> None:
    data = json.dumps({"results": [{"command": name, "times": [1]} for name in rows]}).encode()
    with pytest.raises(FormatError) as caught:
        parse_hyperfine(data, where="f.json")
    assert (caught.value.what, caught.value.where) == (what, "f.json")
