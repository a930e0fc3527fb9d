"""Sound evidence about benchmarks, and what each of their gates must refuse or warn of."""

from __future__ import annotations

import copy
from typing import Any

from release_tasks.policy.noise import Measured, interval
from release_tasks.records.baseline import baseline_of
from release_tasks.records.gate_code import GateCode

MODEL = f"sha256:{'0' * 64}"
COMMIT = "c" * 40
MACHINE = [{"name": "cpu", "value": "Old 8086"}, {"name": "cpu_count", "value": "4"}]


def metric(name: str, samples: list[float], **changed: Any) -> dict[str, Any]:
    """A row of metric evidence with the interval that its samples have."""
    row = {
        "name": name,
        "unit": "ms",
        "direction": "lower",
        "exact": False,
        "samples": samples,
        "stderr": None,
        "reported_unit": "ms",
        "reported_direction": "lower",
        **changed,
    }
    if samples:
        measured = Measured(samples=tuple(samples), stderr=row["stderr"], exact=row["exact"])
        found = interval(measured)
    else:
        found = None
    ends = (None, None, None) if found is None else (found.median, found.low, found.high)
    return {**dict(zip(("median", "low", "high"), ends, strict=True)), **row}


SAMPLES = [9.9, 10.0, 10.1, 10.0, 9.95, 10.05]
SPEED: dict[str, Any] = {
    "name": "speed",
    "format": "performance",
    "mock": False,
    "ended": "well",
    "problem": None,
    "machine": MACHINE,
    "settings": [{"name": "threads", "value": "1"}],
    "model_hash": MODEL,
    "artifact": {"path": "model", "sha256": MODEL},
    "imported": None,
    "metrics": [metric("latency_ms_per_token", SAMPLES)],
}
QUALITY: dict[str, Any] = {
    **copy.deepcopy(SPEED),
    "name": "quality",
    "format": "lm-eval",
    "imported": {
        "report": "results/results_1.json",
        "commit": COMMIT,
        "commit_found": True,
        "dirty": False,
        "other_reads": [],
    },
    "metrics": [
        metric(
            "pass_at_1",
            [0.7],
            exact=True,
            unit="1",
            direction="higher",
            reported_direction=None,
            reported_unit=None,
        )
    ],
}


def regression(then: list[dict[str, Any]], now: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    """Evidence of kind `regression` about the evidence of benches then and now."""
    before: Any = baseline_of("0.9.0", then).to_json()
    after: Any = baseline_of("1.0.0", now).to_json()
    return {
        "tags_known": True,
        "previous": {
            "tag": "v0.9.0",
            "path": "baselines/0.9.0.json",
            "committed": True,
            "problem": None,
            "baseline": before,
        },
        "now": after,
        "wanted": [
            {"bench": "speed", "metric": "latency_ms_per_token", "target": 50.0, "max_regression": None},
            {"bench": "quality", "metric": "pass_at_1", "target": 0.6, "max_regression": 0.02},
        ],
        **copy.deepcopy(changed),
    }


EVIDENCE: dict[str, Any] = {
    "bench/speed": SPEED,
    "bench/quality": QUALITY,
    "regression": regression([SPEED, QUALITY], [SPEED, QUALITY]),
}
SAMPLE: dict[str, Any] = copy.deepcopy(EVIDENCE)
SAMPLE["bench/quality"]["imported"]["other_reads"] = ["tasks/sums.yaml"]


def _bench(**changed: Any) -> dict[str, Any]:
    return {"bench/speed": {**SPEED, **changed}}


def _row(**changed: Any) -> dict[str, Any]:
    return _bench(metrics=[{**metric("latency_ms_per_token", SAMPLES), **changed}])


def _imported(**changed: Any) -> dict[str, Any]:
    return {"bench/quality": {**QUALITY, "imported": {**QUALITY["imported"], **changed}}}


def _now(*now: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"regression": regression([SPEED, QUALITY], list(now), **changed)}


def _previous(**changed: Any) -> dict[str, Any]:
    found = EVIDENCE["regression"]
    return {"regression": {**found, "previous": {**found["previous"], **changed}}}


def with_metrics(bench: dict[str, Any], *metrics: dict[str, Any]) -> dict[str, Any]:
    """A bench with other metrics."""
    return {**bench, "metrics": list(metrics)}


def latency(*samples: float, **changed: Any) -> dict[str, Any]:
    """The bench `speed` with other samples of its metric."""
    return with_metrics(SPEED, metric("latency_ms_per_token", list(samples), **changed))


_TARGET = [{"bench": "speed", "metric": "latency_ms_per_token", "target": 10.0, "max_regression": None}]
_WORSE = [sample * 1.08 for sample in SAMPLES]
_NEAR = [10.2, 10.8, 10.4, 10.6, 10.45, 10.55]  # 5 % worse, give or take: nobody can say
_NONE: list[dict[str, Any]] = []

CONTROLS: list[tuple[str, dict[str, Any], GateCode]] = [
    ("bench", _bench(mock=True), GateCode.EVIDENCE_MOCK),
    ("bench", _bench(ended="SYSTEM_TIMEOUT", problem="ran too long", metrics=[]), GateCode.SYSTEM_TIMEOUT),
    ("bench", _bench(ended="SYSTEM_MEMORY_EXCEEDED", problem="killed"), GateCode.SYSTEM_MEMORY_EXCEEDED),
    ("bench", _bench(metrics=[metric("rss_mb", [])]), GateCode.BENCH_METRIC_MISSING),
    ("bench", _row(reported_unit="s"), GateCode.BENCH_METRIC_INVALID),
    ("bench", _row(reported_direction="higher"), GateCode.BENCH_METRIC_INVALID),
    ("bench", _row(exact=True), GateCode.BENCH_METRIC_INVALID),
    ("bench", _row(median=10.01), GateCode.BENCH_METRIC_INVALID),
    ("bench", _row(low=0.0), GateCode.BENCH_METRIC_INVALID),
    ("bench", _row(high=None), GateCode.BENCH_METRIC_INVALID),
    ("bench", _row(stderr=0.1), GateCode.BENCH_METRIC_INVALID),
    (
        "bench",
        _bench(metrics=[{**metric("x", [1.0], stderr=0.1), "stderr": -0.1}]),
        GateCode.BENCH_METRIC_INVALID,
    ),
    ("bench", _bench(model_hash=f"sha256:{'f' * 64}"), GateCode.BENCH_OTHER_MODEL),
    ("bench", _bench(artifact=None), GateCode.BENCH_OTHER_MODEL),
    ("bench", {"bench/quality": {**QUALITY, "model_hash": None}}, GateCode.BENCH_OTHER_MODEL),
    ("bench", _imported(commit_found=False), GateCode.BENCH_OTHER_SOURCE),
    ("bench", _imported(commit_found=False, commit=None), GateCode.BENCH_OTHER_SOURCE),
    ("bench", _imported(other_reads=["tasks/sums.yaml"]), GateCode.BENCH_OTHER_SOURCE),
    ("bench", _imported(dirty=True), GateCode.BENCH_DIRTY),
    ("targets", _now(latency(*[s * 6 for s in SAMPLES]), QUALITY), GateCode.BENCH_TARGET_MISSED),
    ("targets", _now(latency(*SAMPLES), QUALITY, wanted=_TARGET), GateCode.BENCH_TOO_FEW),
    ("targets", _now(latency(10.0), QUALITY), GateCode.BENCH_TOO_FEW),
    ("targets", _now(QUALITY), GateCode.BENCH_METRIC_MISSING),
    (
        "regression",
        {"regression": {**EVIDENCE["regression"], "tags_known": False}},
        GateCode.BASELINE_MISSING,
    ),
    ("regression", _previous(committed=False, problem="no such file"), GateCode.BASELINE_MISSING),
    ("regression", _previous(baseline=None, problem="not JSON"), GateCode.BASELINE_INVALID),
    ("regression", _now(latency(*_WORSE), QUALITY), GateCode.REGRESSION),
    ("regression", _now(latency(*_NEAR), QUALITY), GateCode.REGRESSION_UNDECIDED),
    ("regression", _now(latency(10.0), QUALITY), GateCode.REGRESSION_UNDECIDED),
    ("regression", _now(QUALITY), GateCode.BENCH_METRIC_MISSING),
    ("regression", _now(with_metrics(SPEED), QUALITY), GateCode.BENCH_METRIC_MISSING),
    ("regression", _now({**SPEED, "machine": _NONE}, QUALITY), GateCode.BASELINE_UNLIKE),
    ("regression", _now({**SPEED, "settings": _NONE}, QUALITY), GateCode.BASELINE_UNLIKE),
    ("regression", _now(latency(*SAMPLES, unit="s"), QUALITY), GateCode.BASELINE_UNLIKE),
    ("regression", _now(SPEED, QUALITY, {**QUALITY, "name": "more"}), GateCode.METRIC_NEW),
]
