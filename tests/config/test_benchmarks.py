from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.release_toml import SCHEMA, changed, parse, problems, sample

SPEED = "bench/speed"
METRIC = f"{SPEED}/metrics/throughput_tps"
# (what of the full sample is changed, to what, the whole text of all problems); True: the JSON Schema refuses it
BROKEN = [
    ("bench/Speed", {"format": "asv", "report": "r.json", "metrics": {"a": {"direction": "lower", "unit": "s"}}}, 'text refused\n  wanted: a-z, 0-9, then also . _ -; at most 100 characters\n  found:  string "Speed"\n  where:  release.toml: bench.Speed', True),
    (f"{SPEED}/format", "performnce", 'value refused\n  wanted: one of performance, pytest-benchmark, hyperfine, asv, lm-eval\n  found:  string "performnce"\n  where:  release.toml: bench.speed.format\n  hint:   did you mean performance?', True),
    (f"{SPEED}/metrics", ..., "metrics is missing\n  wanted: [bench.<name>.metrics.<metric>]\n  where:  release.toml: bench.speed.metrics", True),
    (f"{SPEED}/metrics", {}, "no metric\n  wanted: at least one [bench.<name>.metrics.<metric>]\n  where:  release.toml: bench.speed.metrics", True),
    (f"{SPEED}/metrics/pass@1", {"direction": "higher", "unit": "1"}, 'text refused\n  wanted: a letter, then also digits and _; at most 100\n  found:  string "pass@1"\n  where:  release.toml: bench.speed.metrics."pass@1"\n  hint:   source = … says how the report calls it', True),
    (f"{METRIC}/direction", ..., "direction is missing\n  wanted: which way is better: higher or lower\n  where:  release.toml: bench.speed.metrics.throughput_tps.direction", True),
    (f"{METRIC}/direction", "up", 'value refused\n  wanted: one of higher, lower\n  found:  string "up"\n  where:  release.toml: bench.speed.metrics.throughput_tps.direction', True),
    (f"{METRIC}/unit", ..., "unit is missing\n  wanted: the unit, as tokens/s, ms or 1 for a share\n  where:  release.toml: bench.speed.metrics.throughput_tps.unit", True),
    (f"{METRIC}/target", "100", 'wrong type\n  wanted: a finite number, at most 9007199254740991 when it is an integer\n  found:  string "100"\n  where:  release.toml: bench.speed.metrics.throughput_tps.target', True),
    (f"{METRIC}/max_regression", 5, "number out of range\n  wanted: 0 to 1, as 0.05 for 5 %\n  found:  integer 5\n  where:  release.toml: bench.speed.metrics.throughput_tps.max_regression", True),
    (f"{SPEED}/command", ..., "exactly one of command and report must be there\n  wanted: a command that measures, or a report that was measured elsewhere\n  found:  neither\n  where:  release.toml: bench.speed.command", True),
    (f"{SPEED}/report", "r.json", "exactly one of command and report must be there\n  wanted: a command that measures, or a report that was measured elsewhere\n  found:  both\n  where:  release.toml: bench.speed.command", True),
    ("bench/harness/repeats", 3, "repeats without a command\n  wanted: no such key beside report\n  where:  release.toml: bench.harness.repeats", True),
    (f"{SPEED}/command", ["b", "{out}"], "command does not use {report}\n  wanted: an element that holds {report}\n  found:  b {out}\n  where:  release.toml: bench.speed.command\ncommand has an unknown placeholder {out}\n  wanted: one of {report}, {artifact}, {seed}\n  found:  {out}\n  where:  release.toml: bench.speed.command[1]\n  hint:   write {{ and }} for braces themselves", True),
    (f"{SPEED}/seed", ..., "command has an unknown placeholder {seed}\n  wanted: one of {report}, {artifact}\n  found:  {seed}\n  where:  release.toml: bench.speed.command[5]\n  hint:   declare seed = … beside the command", False),
    (f"{SPEED}/artifact", ..., "command has an unknown placeholder {artifact}\n  wanted: one of {report}, {seed}\n  found:  {artifact}\n  where:  release.toml: bench.speed.command[3]\n  hint:   declare artifact = … beside the command", False),
    (f"{SPEED}/artifact", "build/tinycoder-Q8_1.gguf", "file is no artifact of the release\n  wanted: a file of model, index, gguf or extra in [artifacts]\n  found:  build/tinycoder-Q8_1.gguf\n  where:  release.toml: bench.speed.artifact\n  hint:   did you mean build/tinycoder-Q8_0.gguf?", False),
    (f"{SPEED}/repeats", 0, "number out of range\n  wanted: 1 to 1000\n  found:  integer 0\n  where:  release.toml: bench.speed.repeats", True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_whole_message(path: str, value: Any, message: str, *, in_schema: bool) -> None:
    document = changed(path, value, "full")
    assert problems(document) == message
    assert SCHEMA.is_valid(document) != in_schema


def test_benchmarks_and_their_metrics_are_sorted_by_name() -> None:
    document = changed(
        "bench/a", {"format": "hyperfine", "report": "a.json", "metrics": {"b": {}, "a": {}}}, "full"
    )
    for name in "ab":
        document["bench"]["a"]["metrics"][name] = {"direction": "lower", "unit": "s"}
    release = parse(document)
    assert [item.name for item in release.benchmarks] == ["a", "harness", "speed"]
    assert [metric.name for metric in release.benchmarks[0].metrics] == ["a", "b"]


@settings(deadline=None, max_examples=60)
@given(st.text("aZ_9.@- é", min_size=1, max_size=6))
def test_a_metric_has_the_name_of_a_variable(name: str) -> None:
    """Names go into tables, plots and file names; what the harness calls it stands in `source`."""
    document = sample("full")
    document["bench"]["speed"]["metrics"][name] = {"direction": "lower", "unit": "s"}
    sane = name.isascii() and name.isidentifier() and not name.startswith("_")
    assert SCHEMA.is_valid(document) == sane
    if sane:
        assert name in {metric.name for metric in parse(document).benchmarks[1].metrics}
    else:
        assert problems(document).startswith("text refused\n  wanted: a letter, then also digits and _")
