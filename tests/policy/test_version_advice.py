from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from release_tasks.config.schema import Versioning
from release_tasks.policy.version_advice import Promise, Reason, corrected, demanded, part_for, reasons_of
from release_tasks.records.change_entry import ChangeEntry
from release_tasks.records.model_contract import (
    DatasetContract,
    MetricContract,
    ModelContract,
    TensorContract,
    TokenizerContract,
)
from release_tasks.records.version import parse_version

A, B = (f"sha256:{letter * 64}" for letter in "ab")
LATENCY = MetricContract("speed.latency", "ms", "lower")
MODEL = ModelContract(
    tensors=(TensorContract("head", "F32", (4, 8)), TensorContract("embedding", "F32", (4,))),
    tokenizer=TokenizerContract(digest=A, version="1", tokens=4),
    config=(("layers", 2), ("rope.theta", 10000.0)),
    dataset=DatasetContract(version="1.0", digest=A, records=10, size=100),
    quality=(("pass@1", 0.5),),
    formats=("safetensors",),
    model_hash=A,
    license="Apache-2.0",
)
PROMISE = Promise(contract=MODEL, metrics=(LATENCY,))
RULES = Versioning()


def found(
    metrics: Any = (LATENCY,), entries: Any = (), rules: Versioning = RULES, **values: Any
) -> list[Reason]:
    after = Promise(contract=replace(MODEL, **values), metrics=metrics)
    return list(reasons_of(PROMISE, after, entries, rules))


def entry(**values: Any) -> ChangeEntry:
    sound = {
        "commit": "1" * 40,
        "type": "fix",
        "scope": None,
        "description": "count all",
        "breaking_text": None,
    }
    return ChangeEntry(**{**sound, **values})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"tensors": MODEL.tensors[:1]}, Reason("breaking", "tensor embedding", "removed")),
        (
            {"tensors": (MODEL.tensors[0], TensorContract("embedding", "F32", (5,)))},
            Reason("breaking", "tensor embedding", "F32 [4] became F32 [5]"),
        ),
        (
            {"tensors": (MODEL.tensors[0], TensorContract("embedding", "BF16", (4,)))},
            Reason("breaking", "tensor embedding", "F32 [4] became BF16 [4]"),
        ),
        (
            {"tensors": (*MODEL.tensors, TensorContract("bias", "F32", (4,)))},
            Reason("feature", "tensor bias", "added"),
        ),
        (
            {"tokenizer": TokenizerContract(digest=B, version="2", tokens=5)},
            Reason("breaking", "tokenizer", f"{'a' * 16} became {'b' * 16}, 4 tokens became 5"),
        ),
        ({"tokenizer": None}, Reason("breaking", "tokenizer", "removed")),
        ({"config": (("layers", 2),)}, Reason("breaking", "config rope.theta", "10000.0 removed")),
        (
            {"config": (("layers", 3), ("rope.theta", 10000.0))},
            Reason("breaking", "config layers", "2 became 3"),
        ),
        ({"config": (*MODEL.config, ("more", True))}, Reason("feature", "config more", "true added")),
        ({"config": (*MODEL.config, ("", "junk"))}, Reason("feature", "config", '"junk" added')),
        ({"metrics": ()}, Reason("breaking", "metric speed.latency", "removed")),
        (
            {"metrics": (MetricContract("speed.latency", "us", "lower"),)},
            Reason("breaking", "metric speed.latency", "in ms, lower is better, became in us, lower is better"),
        ),
        (
            {"metrics": (LATENCY, MetricContract("speed.rss", "MB", "lower"))},
            Reason("feature", "metric speed.rss", "added"),
        ),
        ({"quality": ()}, Reason("breaking", "quality metric pass@1", "removed")),
        ({"formats": ()}, Reason("breaking", "format safetensors", "removed")),
        ({"formats": ("a.gguf", "safetensors")}, Reason("feature", "format a.gguf", "added")),
        ({"license": None}, Reason("breaking", "licence", "Apache-2.0 became none")),
        ({"model_hash": B}, Reason("feature", "weights", f"{'a' * 16} became {'b' * 16}")),
        (
            {"dataset": DatasetContract(version="1.1", digest=B, records=11, size=100)},
            Reason("feature", "dataset", "version 1.0 became 1.1, with other bytes"),
        ),
        ({"dataset": None}, Reason("feature", "dataset", "removed")),
        ({"entries": [entry(type="feat")]}, Reason("feature", "commit 111111111111", "count all")),
        (
            {"entries": [entry(type="chore", breaking_text="another key")]},
            Reason("breaking", "commit 111111111111", "another key"),
        ),
    ],
)  # fmt: skip
def test_each_rule(values: dict[str, Any], reason: Reason) -> None:
    assert found(**values) == [reason]


def test_what_is_the_same_and_what_is_measured_otherwise_asks_for_nothing() -> None:
    assert found(quality=(("pass@1", 0.4),), entries=[entry(), entry(type="perf")]) == []
    assert demanded([]) == "patch"


def test_a_patch_may_correct_the_licence_and_nothing_else() -> None:
    """R22: a packaging mistake."""
    reasons = corrected(found(license="MIT", tokenizer=None))
    assert [(reason.level, reason.subject) for reason in reasons] == [
        ("breaking", "tokenizer"),
        ("patch", "licence"),
    ]


def test_the_weightiest_come_first() -> None:
    reasons = found(model_hash=B, license="MIT")
    assert [reason.level for reason in reasons] == ["breaking", "feature"]
    assert demanded(reasons) == "breaking"


def test_a_long_value_is_compared_as_a_whole() -> None:
    before, after = (
        Promise(contract=replace(MODEL, config=(("template", "x" * 150 + end),)), metrics=(LATENCY,))
        for end in "ab"
    )
    (reason,) = reasons_of(before, after, (), Versioning())
    assert (reason.level, reason.subject) == ("breaking", "config template")


def test_keys_of_the_configuration_that_nobody_relies_on() -> None:
    rules = Versioning(ignore_config=("rope",))
    assert found(config=(("layers", 2), ("ropes", 1)), rules=rules) == [
        Reason("feature", "config ropes", "1 added")
    ]


@pytest.mark.parametrize(
    ("last", "level", "rules", "part"),
    [
        ("1.0.0", "breaking", RULES, "major"),
        ("1.0.0", "feature", RULES, "minor"),
        ("1.0.0", "patch", RULES, "patch"),
        ("0.3.0", "breaking", RULES, "minor"),
        ("0.3.0", "feature", RULES, "minor"),
        ("0.3.0", "breaking", Versioning(bump_minor_pre_major=False), "major"),
        ("0.3.0", "feature", Versioning(bump_patch_for_minor_pre_major=True), "patch"),
        ("1.0.0", "feature", Versioning(bump_patch_for_minor_pre_major=True), "minor"),
    ],
)
def test_the_rules_of_release_please(last: str, level: Any, rules: Versioning, part: str) -> None:
    """C9."""
    assert part_for(level, parse_version(last), rules) == part
