from __future__ import annotations

from typing import Any

import pytest

from release_tasks.config.policy import Policy
from release_tasks.policy.bench_gates import BENCH_GATES, STANDARD_METRICS
from release_tasks.policy.decide import Case, decide
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.records.evidence import Evidence, kind_of
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import Finding, GateResult, Mode
from tests.fakes.bench_evidence import (
    EVIDENCE,
    QUALITY,
    SAMPLE,
    SAMPLES,
    SPEED,
    latency,
    metric,
    regression,
    with_metrics,
)
from tests.fakes.gate_cases import DECIDED_AT
from tests.fakes.json_bends import at, places, replaced

DEFAULT = Policy()
NAMES = {gate.name for gate in BENCH_GATES}


def judged(changed: dict[str, Any], policy: Policy = DEFAULT) -> dict[str, GateResult]:
    """Judge the sound evidence of benchmarks with changes, and nothing else."""
    records = {
        name: Evidence(kind=kind_of(name), subjects=(), data=changed.get(name, data))
        for name, data in EVIDENCE.items()
    }
    case = Case(evidence=records, expected={name: {} for name in records})
    verdict = decide("candidate", case, policy=policy, profile="default", mode=Mode(), decided_at=DECIDED_AT)
    return {result.gate: result for result in verdict.gates if result.gate in NAMES}


def only(changed: dict[str, Any], gate: str, policy: Policy = DEFAULT) -> Finding:
    (found,) = judged(changed, policy)[gate].findings
    return found


def told(finding: Finding) -> tuple[str, str, str, str]:
    return str(finding.code), finding.subject, finding.wanted, finding.found


def test_sound_evidence_passes() -> None:
    assert {name: result.status for name, result in judged({}).items()} == dict.fromkeys(NAMES, "pass")


@pytest.mark.parametrize("name", sorted(EVIDENCE))
def test_every_number_can_change_the_verdict(name: str) -> None:
    """Each is made enormous, then as small: one of both must be noticed."""
    sound = judged({})
    for path in places(EVIDENCE[name]):
        number = at(EVIDENCE[name], path)
        if isinstance(number, bool) or not isinstance(number, int | float) or path[-1] == "max_regression":
            continue
        large, small = (judged({name: replaced(EVIDENCE[name], path, value)}) for value in (1e9, -1e9))
        assert sound not in (large, small) or large != small, path


@pytest.mark.parametrize("name", sorted(SAMPLE))
@pytest.mark.parametrize("value", [{"odd": 1}, 10**400], ids=["odd", "huge"])
def test_no_key_may_hold_what_cannot_be_measured(name: str, value: Any) -> None:
    """An integer that no float can hold never passes, as test_gates shows of NaN."""
    resting = [gate.name for gate in BENCH_GATES if gate.evidence == kind_of(name)]
    paths = [path for path in places(SAMPLE[name]) if isinstance(path[-1], str)]
    assert paths
    for path in paths:
        found = judged({name: replaced(SAMPLE[name], path, value)})
        for gate in resting:
            codes = {finding.code for finding in found[gate].findings}
            assert codes == {GateCode.EVIDENCE_INVALID}, (path, gate)


def test_a_missed_target_is_told_with_its_numbers() -> None:
    """R12: the target, what was measured, and between which ends."""
    slow = regression([SPEED], [latency(*[sample * 6 for sample in SAMPLES])])
    slow["wanted"] = slow["wanted"][:1]
    assert told(only({"regression": slow}, "targets")) == (
        "BENCH_TARGET_MISSED",
        "speed.latency_ms_per_token",
        "at most 50 ms (target)",
        "60 ms, between 59.55 and 60.45 ms",
    )


def test_a_target_is_inclusive_and_direction_is_of_the_metric() -> None:
    exact = {"exact": True, "unit": "1", "direction": "higher"}
    for value, code in ((0.6, None), (0.59, GateCode.BENCH_TARGET_MISSED), (0.61, None)):
        bench = with_metrics(QUALITY, metric("pass_at_1", [value], **exact))
        found = judged({"regression": regression([], [SPEED, bench])})["targets"].findings
        assert [finding.code for finding in found] == ([] if code is None else [code])


@pytest.mark.parametrize("threshold", STANDARD_METRICS)
def test_a_threshold_in_force_wants_its_metric(threshold: str) -> None:
    """R28: a target that nobody measures is not met."""
    assert threshold in THRESHOLDS
    policy = Policy(thresholds=((threshold, 1.0),))
    name = STANDARD_METRICS[threshold]
    direction = "higher" if threshold.startswith("min_") else "lower"
    missing = only({"regression": regression([], [], wanted=[])}, "targets", policy)
    assert told(missing) == (
        "BENCH_METRIC_MISSING",
        name,
        "a measured value",
        f"no benchmark measures it, and {threshold} is in force",
    )
    for value, met in ((1.0, True), (0.5, direction == "lower"), (2.0, direction == "higher")):
        bench = with_metrics(SPEED, metric(name, [value], exact=True, direction=direction))
        found = judged({"regression": regression([], [bench], wanted=[])}, policy)["targets"]
        assert [finding.code for finding in found.findings] == ([] if met else [GateCode.BENCH_TARGET_MISSED])
    other = with_metrics(
        SPEED, metric(name, [1.0], exact=True, direction="lower" if direction == "higher" else "higher")
    )
    finding = only({"regression": regression([], [other], wanted=[])}, "targets", policy)
    assert finding.code == GateCode.BENCH_METRIC_INVALID


def test_every_format_of_a_model_must_meet_a_threshold() -> None:
    """B7: three files, three measurements; the best of them does not speak for the others."""
    fast, slow = latency(*SAMPLES), {**latency(*[sample * 10 for sample in SAMPLES]), "name": "slow"}
    policy = Policy(thresholds=(("max_latency_ms_per_token", 50),))
    found = only({"regression": regression([], [fast, slow], wanted=[])}, "targets", policy)
    assert (found.code, found.subject) == (GateCode.BENCH_TARGET_MISSED, "slow.latency_ms_per_token")


def test_without_benchmarks_the_gates_are_skipped_and_refuse_where_the_policy_requires_them() -> None:
    """R27: skipped benchmarks."""
    nothing = Case(evidence={}, expected={})
    for required in ((), tuple(sorted(NAMES))):
        verdict = decide(
            "candidate",
            nothing,
            policy=Policy(required=required),
            profile="default",
            mode=Mode(),
            decided_at=DECIDED_AT,
        )
        found = [result for result in verdict.gates if result.gate in NAMES]
        assert {result.status for result in found} == {"fail" if required else "skipped"}
        assert {finding.code for result in found for finding in result.findings} == {
            GateCode.BENCH_UNDECLARED
        }


def test_a_threshold_of_the_policy_judges_metrics_without_a_limit_of_their_own() -> None:
    worse = latency(*[sample * 1.08 for sample in SAMPLES])
    changed = {"regression": regression([SPEED, QUALITY], [worse, QUALITY])}
    assert only(changed, "regression").code == GateCode.REGRESSION
    lenient = Policy(thresholds=(("max_regression", 0.1),))
    assert judged(changed, lenient)["regression"].findings == ()
