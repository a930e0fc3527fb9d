from dataclasses import replace
from typing import Any

from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.content import build_content, content_reads
from release_tasks.policy.page_charts import checkpoint_chart, dataset_chart, parity_chart, weights_chart
from release_tasks.policy.page_performance import performance_charts, target_words
from release_tasks.records.baseline import Baseline, baseline_from_json
from release_tasks.records.chart import Mark
from release_tasks.records.content import Content
from release_tasks.records.manifest import manifest_from_json
from release_tasks.records.tensor_overview import TensorOverview, WeightsOverview
from tests.fakes.bench_evidence import EVIDENCE
from tests.fakes.page_release import release_bytes
from tests.fakes.release_tree import MANIFEST


def content() -> Content:
    data = release_bytes()
    value = parse_strict(data[MANIFEST], where=MANIFEST)
    assert isinstance(value, dict)
    files = manifest_from_json(value).files
    return build_content(files, {path: data[path] for path in content_reads(files)})


CONTENT = content()


def with_record(path: str, value: Any) -> Content:
    return replace(CONTENT, records={**CONTENT.records, path: value})


def past(version: str, **changed: Any) -> Baseline:
    return baseline_from_json({**EVIDENCE["regression"]["now"], "version": version, **changed})


def test_a_first_release_has_intervals_and_later_ones_have_a_trend() -> None:
    shares, latency = performance_charts(CONTENT, ())
    assert (shares.kind, shares.title, shares.unit) == ("interval", "quality", "")
    assert (latency.kind, latency.title, latency.unit) == ("interval", "latency_ms_per_token", "ms")
    assert latency.categories == ("1.0.0",)
    assert latency.description == "latency_ms_per_token in 1.0.0: speed 10 ms. Lower is better."
    trend = performance_charts(CONTENT, (past("0.1.0"), past("0.2.0")))[1]
    assert (trend.kind, trend.categories) == ("trend", ("0.1.0", "0.2.0", "1.0.0"))
    assert trend.description.startswith("latency_ms_per_token in 1.0.0, after 2 earlier releases: ")
    (series,) = trend.series
    assert [mark.value if mark else None for mark in series.marks] == [10.0, 10.0, 10.0]


def test_what_an_earlier_release_measured_in_another_unit_is_not_compared() -> None:
    benches = [
        {**bench, "metrics": [{**row, "unit": "s"} for row in bench["metrics"]]}
        for bench in EVIDENCE["regression"]["now"]["benches"]
    ]
    trend = performance_charts(CONTENT, (past("0.1.0", benches=benches), past("0.2.0", benches=[])))[1]
    assert [mark is None for mark in trend.series[0].marks] == [True, True, False]


def test_targets_are_those_of_the_evidence() -> None:
    record = {
        "data": {"wanted": [{"bench": "speed", "metric": "latency_ms_per_token", "target": 50}, {"bench": 1}]}
    }
    chart = performance_charts(with_record("evidence/regression.json", record), ())[1]
    assert chart.series[0].limit == 50.0
    assert target_words(chart.series[0], chart) == "≤ 50"
    assert target_words(replace(chart.series[0], limit=None), chart) == ""
    assert target_words(chart.series[0], replace(chart, better="higher")) == "≥ 50"


def test_the_released_checkpoint_is_pointed_at() -> None:
    chart = checkpoint_chart(CONTENT)
    assert chart is not None
    assert (chart.categories, chart.chosen) == (("100", "200", "300"), 1)
    assert chart.description == "loss of 3 checkpoints, released is that of step 200."
    assert checkpoint_chart(with_record("evidence/checkpoint.json", {"data": {"checkpoints": []}})) is None
    assert checkpoint_chart(with_record("evidence/checkpoint.json", None)) is None


def test_parity_is_shown_prompt_by_prompt() -> None:
    chart = parity_chart(CONTENT)
    assert chart is not None
    assert chart.categories == ("1", "2", "3")
    assert chart.series[0].marks == (Mark(1.0), Mark(0.95), Mark(0.95))
    assert chart.description == "τ-b of 1 pair over 3 prompts; the lowest is 0.95."
    assert parity_chart(replace(CONTENT, pairs=())) is None


def test_categories_are_ordered_by_size_and_the_smallest_added_up() -> None:
    counts = {f"c{number:02}": number for number in range(1, 21)}
    chart = dataset_chart(with_record("evidence/dataset_statistics.json", {"categories": counts}))
    assert chart is not None
    assert chart.categories == (*(f"c{number:02}" for number in range(20, 9, -1)), "9 others")
    assert chart.series[0].marks[-1] == Mark(45.0)
    assert chart.description == "210 records in 20 parts; the largest is c20 with 20."
    assert dataset_chart(with_record("evidence/dataset_statistics.json", {"categories": None})) is None
    assert dataset_chart(with_record("evidence/dataset_statistics.json", {"categories": {}})) is None


def test_tensors_are_grouped_by_name_without_numbers_of_layers() -> None:
    tensors = tuple(
        TensorOverview(name=name, dtype="F32", shape=(2,), values=2, bytes=8, distribution=None)
        for name in ("blk.0.w", "blk.1.w", "blk.11.w", "f32norm")
    )
    chart = weights_chart(
        (WeightsOverview(path="a.gguf", tensors=(), problem="no"), WeightsOverview(path="m", tensors=tensors))
    )
    assert chart is not None
    assert (chart.title, chart.categories) == ("Parameters by kind of tensor, m", ("blk.*.w", "f32norm"))
    assert weights_chart(()) is None
