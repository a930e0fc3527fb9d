from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.config.schema import BenchFormat
from release_tasks.errors import FormatError
from release_tasks.formats.benchmark_report import REPORTS
from tests.fakes.json_bends import places, replaced, without

REPORT_FILES = Path(__file__).parent.parent / "fixtures/benchmarks"
SOUND = {
    "pytest-benchmark": "pytest-benchmark",
    "pytest-benchmark-saved": "pytest-benchmark",
    "hyperfine": "hyperfine",
    "hyperfine-once": "hyperfine",
    "asv": "asv",
    "lm-eval": "lm-eval",
    "lm-eval-dummy": "lm-eval",
}
JUNK: list[Any] = [
    None,
    True,
    -1,
    10**400,
    0.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    {},
    [[]],
    {"a": None},
]
FOREIGN = {name: json.loads((REPORT_FILES / f"{name}.json").read_bytes()) for name in SOUND}
PLACES = {name: sorted(places(value), key=str) for name, value in FOREIGN.items()}


def test_every_format_of_release_toml_has_its_reader() -> None:
    assert tuple(REPORTS) == get_args(BenchFormat)


@pytest.mark.parametrize("name", SOUND)
def test_reports_of_the_real_tools_are_read(name: str) -> None:
    """Formats.md, consume: files that the tools wrote."""
    report = REPORTS[SOUND[name]]((REPORT_FILES / f"{name}.json").read_bytes(), where=name)
    assert report.format == SOUND[name]
    names = [metric.name for metric in report.metrics]
    assert names == sorted(set(names))
    assert all(metric.samples for metric in report.metrics)
    assert list(report.machine) == sorted(set(report.machine))
    assert list(report.settings) == sorted(set(report.settings))


def outcome(kind: str, data: bytes) -> tuple[list[str], list[float]]:
    """Where a report is refused, or all samples that are read from it."""
    try:
        report = REPORTS[kind](data, where="f.json")
    except FormatError as error:
        return [str(error.where)], []
    return [], [sample for metric in report.metrics for sample in metric.samples]


@settings(max_examples=400)
@given(data=st.data(), name=st.sampled_from(sorted(SOUND)))
def test_a_report_bent_anywhere_is_read_or_refused_with_its_path(*, data: st.DataObject, name: str) -> None:
    path = data.draw(st.sampled_from(PLACES[name]))
    junk = data.draw(st.sampled_from(JUNK))
    bent = data.draw(st.booleans())
    value = replaced(FOREIGN[name], path, junk) if bent else without(FOREIGN[name], path)
    places_named, samples = outcome(SOUND[name], json.dumps(value).encode())
    assert all(where.startswith("f.json") for where in places_named)
    assert all(map(math.isfinite, samples))


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":1,"a":2}', b"[" * 200 + b"]" * 200], ids=repr
)
def test_what_is_no_report_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(FormatError):
        REPORTS[kind](data, where="f.json")


@pytest.mark.parametrize("kind", ["performance", "pytest-benchmark", "hyperfine"])
def test_formats_that_give_nan_no_meaning_refuse_it(kind: str) -> None:
    with pytest.raises(FormatError, match="not a JSON number"):
        REPORTS[kind](b'{"results": NaN, "benchmarks": NaN}', where="f.json")
