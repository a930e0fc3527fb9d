from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import release_tasks
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.policy.bench_shape import baseline_misfits
from release_tasks.records.baseline import baseline_from_json, baseline_of, baseline_path
from tests.fakes.bench_evidence import QUALITY, SPEED, metric, with_metrics
from tests.fakes.change_evidence import MODEL

SCHEMA = json.loads((Path(release_tasks.__file__).parent / "schemas/baseline.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TEXT = st.text("abc/ %", max_size=6)
FACTS = st.lists(st.fixed_dictionaries({"name": TEXT, "value": TEXT}), max_size=3)
FIGURES = st.fixed_dictionaries(
    {
        "name": TEXT,
        "unit": TEXT,
        "direction": st.sampled_from(["higher", "lower"]),
        "exact": st.booleans(),
        "samples": st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4),
        "stderr": st.none() | st.floats(0, 10),
    }
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": TEXT,
            "model_hash": st.none() | st.just(f"sha256:{'a' * 64}"),
            "machine": FACTS,
            "settings": FACTS,
            "metrics": st.lists(FIGURES, max_size=3),
        }
    ),
    max_size=3,
)
BEND: list[tuple[str, Any]] = [
    ("schema_version", 3),
    ("schema_version", True),
    ("version", None),
    ("benches", {}),
    ("benches.0.name", 1),
    ("benches.0.model_hash", "sha256:abc"),
    ("benches.0.machine", None),
    ("benches.0.settings.0.value", 1),
    ("benches.0.metrics.0.direction", "up"),
    ("benches.0.metrics.0.exact", 1),
    ("benches.0.metrics.0.samples", []),
    ("benches.0.metrics.0.samples", ["1"]),
    ("benches.0.metrics.0.stderr", "0.1"),
    ("benches.0.metrics.0.more", 1),
    ("more", 1),
]


def test_a_benchmark_without_samples_leaves_nothing_to_compare_with() -> None:
    found = baseline_of("1.0.0", [with_metrics(SPEED, metric("rss_mb", []))])
    assert found.bench("speed") is not None
    assert found.benches[0].metrics == ()
    assert found.bench("quality") is None
    assert baseline_path("1.0.0") == "baselines/1.0.0.json"


def test_benches_and_metrics_are_sorted_and_found_by_name() -> None:
    two = with_metrics(SPEED, metric("b", [1.0]), metric("a", [2.0]))
    found = baseline_of("1.0.0", [two, QUALITY])
    assert [bench.name for bench in found.benches] == ["quality", "speed"]
    assert [figure.name for figure in found.benches[1].metrics] == ["a", "b"]
    assert found.benches[1].metric("c") is None


@given(RECORDS)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_read_and_fits_schema_and_shape(records: list[dict[str, Any]]) -> None:
    found = baseline_of("1.0.0", records)
    value = found.to_json()
    VALIDATOR.validate(value)
    assert list(baseline_misfits(value)) == []
    again: Any = parse_canonical(dump_canonical(value))
    assert baseline_from_json(again) == found


@pytest.mark.parametrize(("path", "value"), BEND, ids=[path for path, _ in BEND])
def test_shape_and_schema_refuse_alike(path: str, value: Any) -> None:
    """B17: one shape for whoever writes and whoever reads."""
    data: Any = baseline_of("1.0.0", [SPEED]).to_json()
    assert list(baseline_misfits(data)) == []
    data = copy.deepcopy(data)
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    holder = data
    for part in parents:
        holder = holder[part]
    holder[last] = value
    assert not VALIDATOR.is_valid(data)
    assert list(baseline_misfits(data)) != []


def test_a_contract_is_read_as_it_was_written_and_fits_schema_and_shape() -> None:
    value = {**baseline_of("1.0.0", [SPEED]).to_json(), "contract": MODEL}
    VALIDATOR.validate(value)
    assert list(baseline_misfits(value)) == []
    assert baseline_from_json(value).to_json() == value


def test_schema_1_has_no_contract_and_schema_2_must_say() -> None:
    value: Any = baseline_of("1.0.0", [SPEED]).to_json()
    assert value["contract"] is None
    for bent in ({**value, "schema_version": 1}, {key: value[key] for key in value if key != "contract"}):
        assert not VALIDATOR.is_valid(bent)
        assert list(baseline_misfits(bent)) != []
    old = {key: value[key] for key in value if key != "contract"} | {"schema_version": 1}
    VALIDATOR.validate(old)
    assert baseline_from_json(old).to_json() == value
