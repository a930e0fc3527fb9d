"""B7, B17, B22: performance reports are written and read by one schema, and nothing in them can be bent unseen."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import release_tasks
from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.formats.performance_json import dump_performance, parse_performance, read_performance
from release_tasks.formats.performance_schema import SCHEMA, check_performance
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.performance import SPEED, Performance
from tests.fakes.json_bends import at, places, replaced, without

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GOOD = Performance(
    date="2026-11-21T11:22:33+01:00",
    platform="Linux-6.1-x86_64-with-glibc2.36",
    wsl2=False,
    git_commit=COMMIT,
    git_dirty=False,
    model_id="tinycoder",
    model_hash="sha256:" + "ab" * 32,
    format="gguf",
    cli_args=("python", "bench.py", "--model", "m.gguf"),
    iterations=3,
    warmup=1,
    metrics=tuple(sorted(dict.fromkeys(SPEED, (3.5, 1.25, 2.0)).items())),
    deterministic=True,
    seed=7,
    cpu_count=2,
    threads=1,
    cpu="A processor",
    versions=(("numpy", "2.4.6"),),
)
VALUE: Any = json.loads(dump_performance(GOOD))
OPTIONAL = {("mock",), ("environment", "cpu"), ("environment", "versions")}
# A value of another type, or out of range, for each place; what stands there is told by the last key.
JUNK: list[Any] = [[], {}, "\n", "", -1, 10**400, True, None]
# Values of JUNK that are sound at a place, with the reason in the schema.
SOUND_JUNK: dict[str, list[Any]] = {
    "cli_args": [],
    "wsl2": [True],
    "git_dirty": [True],
    "mock": [True],
    "deterministic": [True],
    "seed": [None, 10**400],
    "cpu_count": [10**400],
    "threads": [10**400],
    "model_id": ["\n"],
    "format": ["\n"],
    "platform": ["\n"],
    "cpu": ["\n"],
    "numpy": ["\n"],
}


def refused(value: Any) -> str:
    """The path at which a report is refused; AssertionError when it is not."""
    with pytest.raises(FormatError) as caught:
        read_performance(json.dumps(value).encode(), where="f.json")
    return str(caught.value.where)


def test_what_is_written_is_canonical_and_reads_back() -> None:
    data = dump_performance(GOOD)
    parse_canonical(data)
    assert read_performance(data, where="f") == GOOD
    assert VALUE["metrics"]["load_ms"] == {
        "samples": [3.5, 1.25, 2.0],
        "median": 2.0,
        "p95": pytest.approx(3.35),
        "min": 1.25,
        "max": 3.5,
        "stddev": pytest.approx(1.145644),
    }


def test_b7_and_b22_name_these_fields() -> None:
    assert set(VALUE) - {"mock"} == {
        "schema_version", "platform", "wsl2", "date", "git_commit", "git_dirty", "model_id", "model_hash",
        "cli_args", "format", "iterations", "warmup", "metrics", "environment",
    }  # fmt: skip
    assert {"deterministic", "seed", "cpu_count", "threads"} <= set(VALUE["environment"])


@pytest.mark.parametrize("path", sorted(places(VALUE), key=str), ids=str)
def test_b22_a_malformed_value_at_every_single_key_is_refused(path: tuple[Any, ...]) -> None:
    for junk in JUNK:
        sound = SOUND_JUNK.get(str(path[-1]), [])
        if path[0] == "cli_args" and isinstance(junk, str) and len(path) == 2:
            continue  # any text is an argument
        if any(junk is item or (junk == item and not isinstance(junk, bool)) for item in sound):
            continue
        assert refused(replaced(VALUE, path, junk)).startswith("f.json")


@pytest.mark.parametrize(
    "path", [path for path in places(VALUE) if isinstance(path[-1], str) and path not in OPTIONAL], ids=str
)
def test_b22_every_missing_key_is_refused(path: tuple[Any, ...]) -> None:
    assert refused(without(VALUE, path)).startswith("f.json")


@pytest.mark.parametrize(
    "path",
    [(), *(path for path in places(VALUE) if isinstance(at(VALUE, path), dict))],
    ids=str,
)
def test_b17_every_unknown_key_is_refused(path: tuple[Any, ...]) -> None:
    if path == ("environment", "versions"):
        return  # libraries have any name
    assert refused(replaced(VALUE, (*path, "surprise"), 1)).startswith("f.json")


@pytest.mark.parametrize("statistic", ["median", "p95", "min", "max", "stddev"])
def test_b7_statistics_that_are_not_those_of_the_samples_are_refused(statistic: str) -> None:
    """Medians are medians."""
    sound = VALUE["metrics"]["load_ms"][statistic]
    path = ("metrics", "load_ms", statistic)
    assert (
        read_performance(json.dumps(replaced(VALUE, path, sound * (1 + 1e-12))).encode(), where="f") == GOOD
    )
    with pytest.raises(FormatError) as caught:
        read_performance(json.dumps(replaced(VALUE, path, sound * (1 + 1e-8))).encode(), where="f.json")
    assert str(caught.value) == (
        f"{statistic} is not the {statistic} of its samples\n"
        f"  wanted: {sound!r}\n"
        f"  found:  {sound * (1 + 1e-8)!r}\n"
        f"  where:  f.json: metrics.load_ms.{statistic}"
    )


@pytest.mark.parametrize(
    "date",
    [
        "2026-11-21",
        "2026-11-21T11:22:33",
        "2026-13-21T11:22:33Z",
        "2026-11-21 11:22:33Z",
        "2026-02-30T00:00:00Z",
        "now",
    ],
)
def test_b17_formats_are_checked_date_time_too(date: str) -> None:
    assert refused(replaced(VALUE, ("date",), date)) == "f.json: date"


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("git_commit",), COMMIT + "\n", "git_commit"),
        (("git_commit",), COMMIT[:7], "git_commit"),
        (("git_commit",), None, "git_dirty"),
        (("git_dirty",), None, "git_dirty"),
        (("model_hash",), "ab" * 32, "model_hash"),
        (("schema_version",), 2, "schema_version"),
        (("iterations",), 2, "metrics.first_token_ms.samples"),
        (("metrics", "load_ms", "samples"), [], "metrics.load_ms.samples"),
        (("metrics", "load_ms", "samples", 0), 0, "metrics.load_ms.samples[0]"),
        (("metrics", "pass_at_1"), {}, "metrics.pass_at_1"),
        (("metrics", "a b"), VALUE["metrics"]["load_ms"], "metrics"),
    ],
)
def test_a_value_out_of_its_range_is_refused_with_its_path(path: Any, value: Any, where: str) -> None:
    assert refused(replaced(VALUE, path, value)) == f"f.json: {where}"


def test_a_report_of_speed_has_all_five_metrics() -> None:
    """B8: a missing metric is an error, never Unknown."""
    for name in SPEED:
        assert refused(without(VALUE, ("metrics", name))) == "f.json: metrics"


def test_rates_are_shares_with_one_sample() -> None:
    good = replace(GOOD, iterations=1, metrics=(("compile_rate", (1.0,)), ("pass_at_10", (0.25,))))
    report = parse_performance(dump_performance(good), where="f")
    assert [(m.name, m.unit, m.direction) for m in report.metrics] == [
        ("compile_rate", "1", "higher"),
        ("pass_at_10", "1", "higher"),
    ]
    for samples, at_iterations in (((1.5,), 1), ((-0.1,), 1), ((0.5, 0.5), 2)):
        with pytest.raises(FormatError) as caught:
            dump_performance(replace(good, iterations=at_iterations, metrics=(("pass_at_5", samples),)))
        assert str(caught.value.where).startswith("the report to be written: metrics.pass_at_5.samples")


def test_a_command_that_sees_no_repository_says_null() -> None:
    """The sandbox has no git: the stage knows the commit and puts it into the evidence."""
    good = replace(GOOD, git_commit=None, git_dirty=None)
    report = parse_performance(dump_performance(good), where="f")
    assert (report.commit, report.dirty) == (None, None)


def test_what_comparisons_need_is_in_the_report() -> None:
    report = parse_performance(dump_performance(replace(GOOD, mock=True)), where="f")
    assert (report.commit, report.dirty, report.model_hash) == (COMMIT, False, GOOD.model_hash)
    assert report.mock is True
    assert {metric.name: (metric.unit, metric.direction) for metric in report.metrics} == SPEED
    assert all(metric.samples == (3.5, 1.25, 2.0) for metric in report.metrics)
    assert dict(report.machine) == {
        "cpu": "A processor",
        "cpu_count": "2",
        "platform": "Linux-6.1-x86_64-with-glibc2.36",
        "version/numpy": "2.4.6",
        "wsl2": "false",
    }
    assert dict(report.settings) == {
        "deterministic": "true",
        "format": "gguf",
        "seed": "7",
        "threads": "1",
        "warmup": "1",
    }


def test_other_layouts_are_read() -> None:
    assert read_performance(json.dumps(VALUE, indent=3).encode(), where="f") == GOOD
    floats = replaced(replaced(VALUE, ("iterations",), 3.0), ("schema_version",), 1.0)
    assert read_performance(json.dumps(floats).encode(), where="f") == GOOD


def test_the_schema_is_one_and_says_the_same_to_others() -> None:
    """B17: a plain validator of the published schema accepts what the writer writes."""
    schema: Any = parse_strict((Path(release_tasks.__file__).parent / "schemas" / SCHEMA).read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(VALUE, schema)


def test_a_long_violation_is_cut() -> None:
    with pytest.raises(FormatError) as caught:
        check_performance(VALUE | {"model_id": ["x" * 1000]}, "f.json")
    assert len(str(caught.value.found)) == 201


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
SAMPLE = st.floats(1e-300, 1e300)


@st.composite
def reports(draw: st.DrawFn) -> Performance:
    iterations = draw(st.integers(1, 6))
    counts = st.sampled_from([1, iterations])
    of_speed = {
        name: tuple(draw(st.lists(SAMPLE, min_size=count, max_size=count)))
        for name, count in ((name, draw(counts)) for name in SPEED)
    }
    rates = draw(st.dictionaries(st.sampled_from(["compile_rate", "pass_at_1"]), st.floats(0, 1)))
    own = draw(
        st.dictionaries(
            st.from_regex(r"[a-z][a-z0-9_.]{0,9}", fullmatch=True), st.floats(-1e300, 1e300), max_size=2
        )
    )
    metrics = {name: (value,) for name, value in own.items()} | of_speed | {k: (v,) for k, v in rates.items()}
    known = draw(st.booleans())
    return Performance(
        date=draw(st.datetimes()).isoformat(timespec="seconds") + "Z",
        platform=draw(TEXT),
        wsl2=draw(st.booleans()),
        git_commit=draw(st.from_regex(r"[0-9a-f]{40}", fullmatch=True)) if known else None,
        git_dirty=draw(st.booleans()) if known else None,
        model_id=draw(TEXT),
        model_hash="sha256:" + draw(st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
        format=draw(TEXT),
        cli_args=tuple(draw(st.lists(TEXT | st.just(""), min_size=1, max_size=3))),
        iterations=iterations,
        warmup=draw(st.integers(0, 9)),
        metrics=tuple(sorted(metrics.items())),
        deterministic=draw(st.booleans()),
        seed=draw(st.none() | st.integers(0, 2**64)),
        cpu_count=draw(st.integers(1, 512)),
        threads=draw(st.integers(1, 512)),
        cpu=draw(st.none() | TEXT),
        versions=tuple(sorted(draw(st.dictionaries(TEXT, TEXT, max_size=2)).items())),
        mock=draw(st.booleans()),
    )


@settings(max_examples=60)
@given(report=reports())
def test_every_report_reads_back_as_it_was(report: Performance) -> None:
    data = dump_performance(report)
    assert read_performance(data, where="f") == report
    assert dump_performance(read_performance(data, where="f")) == data
    assert all(map(math.isfinite, (s for m in parse_performance(data, where="f").metrics for s in m.samples)))
