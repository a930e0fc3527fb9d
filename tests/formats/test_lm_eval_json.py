from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.lm_eval_json import parse_lm_eval
from release_tasks.records.benchmark_report import Report
from tests.fakes.json_bends import replaced

FIXTURES = Path(__file__).parent.parent / "fixtures/benchmarks"


def fixture(name: str = "lm-eval") -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


def parsed(value: object) -> Report:
    return parse_lm_eval(json.dumps(value).encode(), where="f.json")


def test_every_task_and_group_has_its_metrics_with_direction_and_error() -> None:
    assert [(m.name, m.samples, m.direction, m.stderr) for m in parsed(fixture()).metrics] == [
        ("pick/acc", (1.0,), "higher", 0.0),
        ("small/acc", (1.0,), "higher", 0.0),
        ("sums/acc", (1.0,), "higher", 0.0),
        ("sums/acc_norm", (0.8333333333333334,), "higher", 0.16666666666666669),
    ]


def test_what_makes_values_comparable_is_there() -> None:
    """Formats.md: compare only equal versions, n-shot and task_hashes."""
    settings = dict(parsed(fixture()).settings)
    assert settings["version/sums"] == "1.0"
    assert settings["n-shot/sums"] == "2"
    assert settings["task_hash/sums"] == fixture()["task_hashes"]["sums"]
    assert settings["samples/sums"] == "6"
    assert (settings["fewshot_seed"], settings["gen_kwargs"]) == ("1234", "{}")
    assert dict(parsed(fixture("lm-eval-dummy")).settings)["limit"] == "1.0"


def test_the_dummy_model_is_a_mock() -> None:
    """B14: answers at random are no measurement of a model."""
    assert parsed(fixture("lm-eval-dummy")).mock is True
    assert parsed(fixture()).mock is False


def test_no_standard_error_is_none() -> None:
    assert fixture("lm-eval-dummy")["results"]["sums"]["acc_stderr,none"] == "N/A"
    assert [metric.stderr for metric in parsed(fixture("lm-eval-dummy")).metrics] == [None, None]
    value = fixture()
    value["results"]["sums"]["acc_stderr,none"] = float("nan")
    assert {m.name: m.stderr for m in parsed(value).metrics}["sums/acc"] is None


def test_filters_are_told_apart_and_nan_is_no_value() -> None:
    value = fixture()
    value["results"] = {
        "gsm8k": {
            "alias": "gsm8k",
            "exact_match,strict-match": 0.5,
            "exact_match_stderr,strict-match": 0.1,
            "exact_match,flexible-extract": 0.75,
            "perplexity,none": float("inf"),
            "acc,none": float("nan"),
            "word_perplexity,none": 12.5,
        }
    }
    value["higher_is_better"] = {"gsm8k": {"exact_match": True, "word_perplexity": False, "acc": None}}
    assert [(m.name, m.samples, m.direction, m.stderr) for m in parsed(value).metrics] == [
        ("gsm8k/exact_match,flexible-extract", (0.75,), "higher", None),
        ("gsm8k/exact_match,strict-match", (0.5,), "higher", 0.1),
        ("gsm8k/word_perplexity", (12.5,), "lower", None),
    ]


@pytest.mark.parametrize(
    ("described", "commit", "prefix"),
    [
        ("ee89628", None, "ee89628"),
        ("v1.0-3-gee89628a", None, "ee89628a"),
        ("ee89628a5ee1c16b383282b65fb370eb1cf1866e", "ee89628a5ee1c16b383282b65fb370eb1cf1866e", None),
        ("v1.0", None, None),
        (None, None, None),
    ],
)
def test_the_commit_is_what_git_describe_said(
    described: str | None, commit: str | None, prefix: str | None
) -> None:
    report = parsed(fixture() | {"git_hash": described})
    assert (report.commit, report.commit_prefix, report.dirty) == (commit, prefix, None)


@pytest.mark.parametrize(
    ("path", "junk", "where"),
    [
        (("results", "sums", "acc,none"), "0.5", 'results.sums["acc,none"]'),
        (("results", "sums", "acc,none"), True, 'results.sums["acc,none"]'),
        (("results", "sums", "acc,none"), None, 'results.sums["acc,none"]'),
        (("results", "sums", "acc_stderr,none"), -0.1, 'results.sums["acc_stderr,none"]'),
        (("results", "sums", "acc_stderr,none"), "none", 'results.sums["acc_stderr,none"]'),
        (("results", "sums"), 1, "results.sums"),
        (("higher_is_better", "sums", "acc"), "yes", "higher_is_better.sums.acc"),
        (("versions",), None, "versions"),
        (("n-shot",), [], "n-shot"),
        (("n-samples", "sums"), 6, "n-samples.sums"),
        (("config",), None, "config"),
        (("git_hash",), 5, "git_hash"),
        (("lm_eval_version",), 0.4, "lm_eval_version"),
    ],
)
def test_a_malformed_value_is_refused_with_its_path(path: tuple[str, ...], junk: object, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parsed(replaced(fixture(), path, junk))
    assert caught.value.where == f"f.json: {where}"
