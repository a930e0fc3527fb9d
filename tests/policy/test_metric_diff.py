from __future__ import annotations

from typing import Any

import pytest

from release_tasks.policy.metric_diff import compare_benches, compare_quality
from release_tasks.records.baseline import baseline_of
from tests.fakes.bench_evidence import QUALITY, SAMPLES, SPEED, latency, metric, with_metrics


def benches(*records: Any) -> Any:
    return baseline_of("1.0.0", records).to_json()


def quality(value: float, **changed: Any) -> dict[str, Any]:
    row = metric("pass_at_1", [value], **{"exact": True, "unit": "1", "direction": "higher", **changed})
    return with_metrics(QUALITY, row)


@pytest.mark.parametrize(
    ("before", "after", "judgement", "relative"),
    [
        (quality(0.5), quality(0.75), "better", 0.5),
        (quality(0.5), quality(0.25), "worse", -0.5),
        (quality(0.5), quality(0.5), "same", 0.0),
        (quality(0.0), quality(0.5), "better", None),
        (quality(0.5), quality(0.6, stderr=0.2, exact=False), "unlike", None),
        (quality(0.5, stderr=0.2, exact=False), quality(0.6, stderr=0.2, exact=False), "same", None),
        (quality(0.5, exact=False), quality(0.6, exact=False), "undecided", None),
        (SPEED, latency(*[sample * 1.2 for sample in SAMPLES]), "worse", None),
        (SPEED, latency(*[sample * 0.8 for sample in SAMPLES]), "better", None),
        (SPEED, latency(*SAMPLES[::-1]), "same", None),
        (SPEED, latency(*[sample * 9 for sample in SAMPLES]) | {"machine": []}, "unlike", None),
        (quality(0.5), quality(0.75) | {"settings": [{"name": "seed", "value": "9"}]}, "unlike", None),
    ],
)
def test_better_is_what_the_direction_says_beyond_the_noise(
    before: Any, after: Any, judgement: str, relative: float | None
) -> None:
    (found,) = compare_benches(benches(before), benches(after))
    assert found.judgement == judgement
    if relative is not None:
        assert found.relative == relative


def test_a_metric_that_comes_or_goes() -> None:
    (found,) = compare_benches(None, benches(quality(0.5)))
    assert (found.before, found.after, found.judgement) == (None, 0.5, "added")
    (found,) = compare_benches(benches(quality(0.5)), {"version": "1", "benches": "none"})
    assert (found.source, found.before, found.after, found.judgement) == ("quality", 0.5, None, "removed")


def test_quality_has_no_direction_to_judge_by() -> None:
    found = list(
        compare_quality({"loss": 2.0, "old": 1, "same": 3, "flag": True}, {"loss": 1.5, "new": 1, "same": 3})
    )
    assert [(one.name, one.judgement, one.relative, one.direction) for one in found] == [
        ("loss", "changed", -0.25, None),
        ("new", "added", None, None),
        ("old", "removed", None, None),
        ("same", "same", 0.0, None),
    ]
    assert list(compare_quality(None, None)) == []
    (huge,) = compare_quality({"x": 10**400, "y": 1}, {"y": 1})
    assert huge.name == "y"
