from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.schema import Dataset, Release, Root, Source, UserStep
from release_tasks.policy.run_manifest import OutputFile, configuration_hash, release_hash, run_manifest
from release_tasks.records.digest import sha256
from release_tasks.records.evidence import Evidence
from release_tasks.records.verdict import GateResult, Mode, Verdict
from release_tasks.stages.own_schema import check_own
from tests.fakes.small_project import small_project

POLICY: dict[str, Any] = {"gates": {"smoke": "hard"}}
ENVIRONMENT: dict[str, Any] = {
    "generator": "release_tasks 1.0.0",
    "python": {"version": "3.13.1"},
    "numeric_id": "v3-linux",
    "decided_at": "2026-01-01T00:00:00Z",
}
GATE = GateResult(gate="smoke", hardness="hard", status="pass", findings=(), evidence=("e",))
VERDICT = Verdict(
    point="candidate", decision="PASS", profile="default", strict=False, mode=Mode(), gates=(GATE,)
)
EVIDENCE = {
    "smoke": Evidence(
        kind="smoke", subjects=(("model.safetensors", sha256("1" * 64)), ("fetch.json", sha256("2" * 64))), data={"ran": True}
    )
}  # fmt: skip
OUTPUTS = (
    OutputFile(name="tokenizer.json", declared="t.json", role="tokenizer", cls="exact"),
    OutputFile(name="model.safetensors", declared="model.safetensors", role="weights", cls="exact"),
)
STEP = UserStep(name="train", command=("python",), writes=("model.safetensors",), seed=7)
DATASET = Dataset(
    version="1",
    files=("d/*.json",),
    id="id",
    text=("prompt", "id"),
    critical=("age",),
    provenance="origin",
    sources=(Source(name="census", license="CC0-1.0", record="fetch.json"),),
)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return replace(small_project(tmp_path).plan.release, steps=(STEP,), dataset=DATASET)


def manifest(release: Release, **changed: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "config_hash": sha256("3" * 64),
        "environment": ENVIRONMENT,
        "outputs": OUTPUTS,
        **changed,
    }
    verdict, evidence = parts.pop("verdict", VERDICT), parts.pop("evidence", EVIDENCE)
    made: dict[str, Any] = run_manifest(release, verdict, evidence, **parts)
    check_own("run", made)
    return made


def test_the_manifest_says_with_what_the_verdict_was_reached(release: Release) -> None:
    """P10: versions, configuration, randomness, provenance per field, gates, output files."""
    made = manifest(release)
    assert made["versions"] == {
        "release": "1.0.0",
        "dataset": "1",
        "tokenizer": None,
        "docs": None,
        "generator": "release_tasks 1.0.0",
        "python": "3.13.1",
        "numeric_id": "v3-linux",
    }
    assert made["randomness"] == [{"of": "step:train", "seed": 7}]
    assert made["gates"] == [{"gate": "smoke", "hardness": "hard", "status": "pass", "codes": []}]
    assert made["provenance"] == {
        "sources": [
            {
                "name": "census",
                "url": None,
                "license": "CC0-1.0",
                "record": "fetch.json",
                "sha256": "2" * 64,
            }
        ],
        "fields": [
            {"field": "age", "declared_as": ["critical"], "told_by": "origin"},
            {"field": "id", "declared_as": ["id", "text"], "told_by": "origin"},
            {"field": "origin", "declared_as": ["provenance"], "told_by": "origin"},
            {"field": "prompt", "declared_as": ["text"], "told_by": "origin"},
        ],
    }
    assert made["outputs"] == [
        {"path": "model.safetensors", "role": "weights", "class": "exact", "sha256": "1" * 64},
        {"path": "tokenizer.json", "role": "tokenizer", "class": "exact", "sha256": None},
    ]
    assert list(made["evidence"]) == ["smoke"]


def test_without_a_dataset_there_is_no_provenance(release: Release) -> None:
    assert manifest(replace(release, dataset=None))["provenance"] is None


def test_the_run_id_is_made_of_the_content_without_a_clock(release: Release) -> None:
    """P10: the same evidence under the same configuration is the same run, whenever it was decided."""
    first = manifest(release)["run_id"]
    assert manifest(release)["run_id"] == first
    later = {**ENVIRONMENT, "decided_at": "2027-01-01T00:00:00Z"}
    assert manifest(release, environment=later)["run_id"] == first
    assert manifest(release, outputs=OUTPUTS[::-1])["run_id"] == first
    for changed in (
        {"config_hash": sha256("4" * 64)},
        {"outputs": OUTPUTS[:1]},
        {"environment": {**ENVIRONMENT, "numeric_id": "portable"}},
        {"verdict": replace(VERDICT, decision="REJECT")},
        {"evidence": {"smoke": replace(EVIDENCE["smoke"], data={"ran": False})}},
        {"evidence": {"smoke": replace(EVIDENCE["smoke"], subjects=())}},
    ):
        assert manifest(release, **changed)["run_id"] != first
    assert manifest(replace(release, steps=(replace(STEP, seed=8),)))["run_id"] != first


def test_the_configuration_has_one_hash_wherever_it_lies(release: Release, tmp_path: Path) -> None:
    here = release_hash(release)
    roots = (Root(name="hub", path="/here"),)
    moved = replace(release, root=tmp_path / "elsewhere", file=tmp_path / "elsewhere/other.toml")
    assert release_hash(moved) == here
    assert release_hash(replace(release, roots=roots)) != here
    elsewhere = (Root(name="hub", path="/there"),)
    assert release_hash(replace(release, roots=roots)) == release_hash(replace(release, roots=elsewhere))


def test_policy_profile_mode_and_every_key_make_another_configuration(release: Release) -> None:
    """P6: config_hash is over policy, profile, mode and release configuration."""
    first = configuration_hash(release, policy=POLICY, mode=Mode())
    others = [
        configuration_hash(release, policy={"gates": {"smoke": "soft"}}, mode=Mode()),
        configuration_hash(replace(release, profile="high_stakes"), policy=POLICY, mode=Mode()),
        configuration_hash(release, policy=POLICY, mode=Mode(strict=True)),
        configuration_hash(release, policy=POLICY, mode=Mode(strict=False)),
        configuration_hash(replace(release, license="MIT"), policy=POLICY, mode=Mode()),
        configuration_hash(replace(release, dataset=None), policy=POLICY, mode=Mode()),
        configuration_hash(replace(release, steps=(replace(STEP, seed=8),)), policy=POLICY, mode=Mode()),
    ]
    assert len({first, *others}) == len(others) + 1
