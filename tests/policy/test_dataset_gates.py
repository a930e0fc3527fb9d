from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from release_tasks.config.policy import Policy
from release_tasks.policy.dataset_consistency import LARGEST
from release_tasks.policy.dataset_gates import DATASET_GATES
from release_tasks.policy.decide import Case, decide
from release_tasks.records.evidence import Evidence
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import GateResult, Mode
from tests.fakes.dataset_evidence import SAMPLE, SOUND

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GATES = {gate.name for gate in DATASET_GATES}


def results(data: Any, profile: str = "default", **policy: Any) -> dict[str, GateResult]:
    """What each gate of the dataset says of an evidence record, None for no [dataset]."""
    evidence = {} if data is None else {"dataset": Evidence(kind="dataset", subjects=(), data=data)}
    case = Case(evidence=evidence, expected={name: {} for name in evidence})
    verdict = decide(
        "candidate", case, policy=Policy(**policy), profile=profile, mode=Mode(strict=False), decided_at=NOW
    )
    return {gate.gate: gate for gate in verdict.gates if gate.gate in GATES}


def codes(data: Any, profile: str = "default", **policy: Any) -> list[str]:
    found = results(data, profile, **policy).values()
    return sorted({str(finding.code) for gate in found for finding in gate.findings})


def bent(**changed: Any) -> dict[str, Any]:
    """The sound evidence with values of its measures changed: a dict changes values, a list replaces rows."""
    data = copy.deepcopy(SOUND)
    for key, value in changed.items():
        data[key] = {**data[key], **value} if isinstance(value, dict) else value
    return data


def test_without_a_dataset_every_gate_is_skipped_and_refuses_when_required() -> None:
    found = results(None)
    assert {gate.status for gate in found.values()} == {"skipped"}
    assert codes(None) == [GateCode.DATASET_UNDECLARED]
    required = results(None, required=("dataset-schema",))
    assert [name for name, gate in required.items() if gate.status == "fail"] == ["dataset-schema"]


def test_a_schema_can_be_required() -> None:
    assert results(bent(schema=None))["dataset-schema"].status == "warn"
    assert results(bent(schema=None), required=("dataset-schema",))["dataset-schema"].status == "fail"


def _valid(*, files: int = 99, records: int = 199) -> dict[str, Any]:
    """A dataset of 100 files with 200 records of which so many are valid."""
    examples = [{"record": "a.jsonl#1", "problem": "age: -1"}]
    schema = {"files": 100, "valid_files": files, "valid_records": records, "examples": examples}
    return {"files": 100, "largest": SOUND["largest"][:1] * LARGEST, "schema": schema}


# P11 and K3: each limit of the default and of the built-in profiles, at the limit and just beyond it.
LIMITS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("default", {"largest": [{"path": "a", "bytes": 50_000_000}] * 3}, {"largest": [{"path": "a", "bytes": 50_000_001}] * 3}, "DATASET_FILE_TOO_LARGE"),
    ("default", _valid(files=95), _valid(files=94), "DATASET_RECORDS_INVALID"),
    ("narrative_required", _valid(records=180), _valid(records=179), "DATASET_RECORDS_INVALID"),
    ("analysis_only", _valid(records=100), _valid(records=99), "DATASET_RECORDS_INVALID"),
    ("default", {"duplicates": {"exact": 3, "near": 0}}, {"duplicates": {"exact": 3, "near": 1}}, "DATASET_DUPLICATES"),
    ("analysis_only", {"weights": {"ess_ratio": 0.5}}, {"weights": {"ess_ratio": 0.4999}}, "ESS_TOO_LOW"),
    ("narrative_required", {"weights": {"ess_ratio": 0.7}}, {"weights": {"ess_ratio": 0.6999}}, "ESS_TOO_LOW"),
    ("high_stakes", {"weights": {"ess_ratio": 0.85}}, {"weights": {"ess_ratio": 0.8499}}, "ESS_TOO_LOW"),
    ("default", {"weights": {"concentration": 0.2}}, {"weights": {"concentration": 0.2001}}, "WEIGHT_CONCENTRATION_HIGH"),
    ("high_stakes", {"texts": {"mock": 10}}, {"texts": {"mock": 11}}, "NARRATIVE_MOCK_RATIO_HIGH"),
    ("analysis_only", {"texts": {"unparsed": 100}}, {"texts": {"unparsed": 101}}, "NARRATIVE_PARSE_FAILURE"),
    ("narrative_required", {"texts": {"schema_invalid": 20}}, {"texts": {"schema_invalid": 21}}, "NARRATIVE_SCHEMA_INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "at", "beyond", "code"), LIMITS, ids=[f"{c[0]}-{c[3]}" for c in LIMITS])
def test_p11_limits(profile: str, at: dict[str, Any], beyond: dict[str, Any], code: str) -> None:
    assert code not in codes(bent(**at), profile)
    assert code in codes(bent(**beyond), profile)


FIELD, AGE, JOB = SOUND["marginals"]["fields"][0], *SOUND["provenance"]


@pytest.mark.parametrize(
    ("profile", "mean", "single"),
    [("default", 0.1, 0.25), ("analysis_only", 0.1, 0.25), ("high_stakes", 0.06, 0.15)],
)
def test_p11_marginals(profile: str, mean: float, single: float) -> None:
    def marginals(*distances: float) -> dict[str, Any]:
        return bent(marginals={"fields": [{**FIELD, "l1": distance} for distance in distances]})

    assert codes(marginals(mean), profile) == codes(bent(marginals=None), profile)
    assert "MARGINAL_ERROR_HIGH" in codes(marginals(mean + 0.001), profile)
    assert "MARGINAL_ERROR_CRITICAL" not in codes(marginals(single, 0, 0), profile)
    assert "MARGINAL_ERROR_CRITICAL" in codes(marginals(single + 0.001, 0, 0), profile)


@pytest.mark.parametrize(
    ("profile", "critical", "supercritical"),
    [("analysis_only", 0.7, 1.0), ("narrative_required", 0.7, 0.5), ("high_stakes", 0.4, 0.5)],
)
def test_p11_fallbacks(profile: str, critical: float, supercritical: float) -> None:
    def said(row: dict[str, Any], fallback: float) -> list[str]:
        return codes(bent(provenance=[{**row, "fallback": fallback}]), profile)

    assert "FALLBACK_CRITICAL_FIELD" not in said(JOB, critical)
    assert "FALLBACK_CRITICAL_FIELD" in said(JOB, critical + 0.001)
    assert "FALLBACK_SUPERCRITICAL_FIELD" not in said(AGE, supercritical)
    if supercritical < 1:
        assert "FALLBACK_SUPERCRITICAL_FIELD" in said(AGE, supercritical + 0.001)


@pytest.mark.parametrize(
    ("profile", "days"), [("analysis_only", 60), ("narrative_required", 30), ("high_stakes", 7)]
)
def test_p11_ages_are_judged_at_the_decision(profile: str, days: int) -> None:
    def aged(seconds: int) -> dict[str, Any]:
        moment = datetime.fromtimestamp(NOW.timestamp() - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return bent(sources=[{"name": "a", "fetched_at": moment, "status": 200, "from_cache": False}])

    assert "PXWEB_CACHE_STALE" not in codes(aged(0), profile) + codes(aged(days * 86_400), profile)
    assert "PXWEB_CACHE_STALE" in codes(aged(days * 86_400 + 1), profile)
    assert "PXWEB_CACHE_STALE" in codes(aged(-1), profile)  # fetched after the decision: a wrong clock


@pytest.mark.parametrize(
    ("status", "fails"), [(200, False), (204, False), (304, False), (404, True), (503, True), (None, True)]
)
def test_a_cache_stands_in_for_a_fetch_that_failed(status: int | None, fails: bool) -> None:  # noqa: FBT001
    row = {"name": "a", "fetched_at": "2026-11-20T00:00:00Z", "status": status, "from_cache": False}
    assert ("PXWEB_FETCH_FAILED" in codes(bent(sources=[row]))) is fails
    assert "PXWEB_FETCH_FAILED" not in codes(bent(sources=[{**row, "from_cache": True}]))


def test_what_is_null_is_not_judged() -> None:
    measures = (
        "duplicates",
        "holdout",
        "weights",
        "marginals",
        "provenance",
        "texts",
        "personal_data",
        "sources",
    )
    nothing = dict.fromkeys((*measures, "records", "other_versions", "empty_categories"))
    none = dict.fromkeys(("files", "valid_files", "records", "valid_records"), 0)
    assert codes({**bent(schema=none), **nothing}) == []


def test_a_finding_quotes_its_first_three_examples_and_no_personal_data() -> None:
    data = copy.deepcopy(SAMPLE)
    data["texts"]["too_short"] = 1
    found = {f.code: f.found for gate in results(data).values() for f in gate.findings}
    assert found[GateCode.NARRATIVE_TOO_SHORT] == "1 of 200 otherwise; data/a.jsonl#7: text"
    assert found[GateCode.DATASET_RECORDS_INVALID] == "1 of 2 (0.5); data/a.jsonl#7: age: -1 is less than 0"
    assert found[GateCode.NARRATIVE_PII_DETECTED] == "2 texts, the first: data/a.jsonl#3: text"
