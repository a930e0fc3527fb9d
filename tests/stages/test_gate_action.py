from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import ConfigErrors, GateRefused
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.stages.gate_action import judge_candidate
from release_tasks.stages.own_schema import check_own, schema_bytes
from tests.fakes.small_project import SmallProject, small_project

RECORDS = ".release/records"


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return measured(small_project(tmp_path))


def measured(project: SmallProject) -> SmallProject:
    """Freeze, then run what comes before the gate."""
    return project.run_up_to("smoke")


def record(project: SmallProject, name: str) -> Any:
    return json.loads((project.root / RECORDS / f"{name}.json").read_text())


def refused(project: SmallProject) -> dict[str, list[str]]:
    """Judge, and return the codes of each failing gate."""
    with pytest.raises(GateRefused):
        project.again().run("gate", judge_candidate)
    gates = record(project, "verdict")["gates"]
    return {row["gate"]: [one["code"] for one in row["findings"]] for row in gates if row["status"] == "fail"}


def test_a_sound_project_passes_and_leaves_its_records(project: SmallProject) -> None:
    project.run("gate", judge_candidate)
    verdict = record(project, "verdict")
    assert verdict["decision"] == "PASS_WITH_WARNINGS"
    assert verdict["codes"] == ["SMOKE_LOAD_ONLY", "PASS_WITH_WARNINGS"]
    assert record(project, "policy")["in_force"]["gates"]["smoke"] == "hard"
    assert record(project, "policy")["in_force"]["gates"]["weights-canonical"] == "soft"
    assert record(project, "environment")["decided_at"].endswith("Z")
    assert record(project, "version")["data"] == {
        "version": "1.0.0",
        "tag": "v1.0.0",
        "tag_commit": None,
        "commit": None,
        "experimental": False,
        "patch": None,
    }


@pytest.mark.parametrize("kind", ["frozen-inputs", "frozen-outputs", "artifacts", "smoke"])
@pytest.mark.parametrize("damage", [None, b"", b"{}\n", b'{"schema_version":2}\n', b'{"a": 1}\n', b"\xff"])
def test_evidence_that_is_gone_or_damaged_refuses_its_gates(
    project: SmallProject, kind: str, damage: bytes | None
) -> None:
    path = project.root / RECORDS / f"{kind}.json"
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    found = refused(project)
    assert found
    assert {code for codes in found.values() for code in codes} == {"EVIDENCE_MISSING"}


def test_evidence_that_lacks_a_measurement_refuses_its_gates(project: SmallProject) -> None:
    smoke = record(project, "smoke")
    del smoke["data"]["ran"]
    project.write(f"{RECORDS}/smoke.json", dump_canonical(smoke))
    assert refused(project) == {"smoke": ["EVIDENCE_INVALID"]}


def test_evidence_of_one_kind_does_not_stand_for_another(project: SmallProject) -> None:
    project.write(f"{RECORDS}/smoke.json", (project.root / RECORDS / "artifacts.json").read_bytes())
    assert refused(project) == {"smoke": ["EVIDENCE_INVALID"]}


def test_an_artifact_that_changed_since_it_was_measured_is_stale(project: SmallProject) -> None:
    project.write("tokenizer.json", b'{"version": "2", "model": {}}\n')
    found = refused(project)
    assert found["smoke"] == found["weights"] == found["lock-inputs"] == ["EVIDENCE_STALE"]


def test_an_artifact_that_nobody_measured_is_stale(tmp_path: Path) -> None:
    """Evidence must speak of every file that is released, and a glob can bring new ones."""
    project = measured(small_project(tmp_path, artifacts='extra = ["more/*"]', files={"more/a": b""}))
    project.write("more/b", b"new")
    found = refused(project)
    assert found["smoke"] == found["self-contained"] == ["EVIDENCE_STALE"]


def test_every_failing_gate_is_in_the_message(project: SmallProject) -> None:
    (project.root / RECORDS / "smoke.json").unlink()
    (project.root / RECORDS / "frozen-outputs.json").unlink()
    with pytest.raises(GateRefused) as caught:
        project.run("gate", judge_candidate)
    assert str(caught.value) == (
        "the gate refused the release: lock-outputs, smoke\n"
        "  found: EVIDENCE_MISSING frozen-outputs: wanted a record of kind frozen-outputs, found none\n"
        "         EVIDENCE_MISSING smoke: wanted a record of kind smoke, found none\n"
        "  where: .release/records/verdict.json\n"
        "  hint:  run 'doit release'"
    )


def test_a_refusal_retires_the_last_candidate(project: SmallProject) -> None:
    project.write("release/1.0.0/file", b"")
    (project.root / RECORDS / "smoke.json").unlink()
    refused(project)
    assert not (project.root / "release/1.0.0").exists()
    assert (project.root / "release/.rejected/1.0.0/file").exists()


def test_strict_refuses_what_only_warned(project: SmallProject) -> None:
    strict = project.again(strict=True)
    with pytest.raises(GateRefused, match="SMOKE_LOAD_ONLY"):
        strict.run("gate", judge_candidate)


def test_a_policy_that_names_an_unknown_gate_is_bad_configuration(tmp_path: Path) -> None:
    """K2: a listed gate nobody evaluates is a configuration error."""
    project = measured(
        small_project(
            tmp_path, files={"policy.yml": b"schema: 1\ngates:\n  smoek: soft\n"}, policy="policy.yml"
        )
    )
    with pytest.raises(ConfigErrors, match="no code evaluates a gate of this name"):
        project.run("gate", judge_candidate)


def test_verdict_payload_and_manifest_say_the_same_and_follow_their_schemas(project: SmallProject) -> None:
    """B17, P6, P10: our own outputs are validated in the run that writes them."""
    project.run("gate", judge_candidate, facts={"date": "2026-01-31T12:00:00Z"})
    verdict, trust, run = (record(project, name) for name in ("verdict", "trust", "run"))
    for name, value in (("verdict", verdict), ("trust-payload", trust), ("run", run)):
        check_own(name, value)
    assert trust["gate_codes"] == verdict["codes"]
    assert trust["decision"] == run["decision"] == verdict["decision"]
    assert (trust["run_id"], trust["config_hash"]) == (run["run_id"], run["config_hash"])
    assert trust["timestamp"] == "2026-01-31T12:00:00Z"
    schema = hashlib.sha256(schema_bytes("trust-payload")).hexdigest()
    assert trust["schema_hash"] == f"sha256:{schema}"
    artifacts = dict(record(project, "artifacts")["subjects"])
    assert {row["path"]: f"sha256:{row['sha256']}" for row in run["outputs"]} == artifacts
    assert {row["gate"]: row["status"] for row in run["gates"]} == {
        row["gate"]: row["status"] for row in verdict["gates"]
    }
    assert set(trust["signals"]) == set(run["evidence"]) >= {"artifacts", "smoke", "version", "commands"}


def test_without_git_and_source_date_epoch_there_is_no_timestamp(project: SmallProject) -> None:
    project.run("gate", judge_candidate)
    assert record(project, "trust")["timestamp"] is None


def test_the_payload_is_derived_and_the_run_id_has_no_clock(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design §5: the same records give the same payload, byte for byte, whenever it is decided."""
    project.run("gate", judge_candidate)
    before = {name: record(project, name) for name in ("trust", "run", "verdict")}
    monkeypatch.setattr("release_tasks.stages.judgement.now", lambda: "2031-01-31T12:00:00Z")
    project.again().run("gate", judge_candidate)
    assert record(project, "environment")["decided_at"] == "2031-01-31T12:00:00Z"
    assert {name: record(project, name) for name in before} == before


def test_the_gate_depends_on_the_whole_configuration(project: SmallProject) -> None:
    """P6: config_hash is true of the release.toml at hand, so a change of any key wakes the gate."""
    toml = project.root / "release.toml"
    before = project.step("gate")
    toml.write_text(toml.read_text().replace('version = "1.0.0"', 'version = "1.0.0"\nlicense = "MIT"'))
    assert project.again().step("gate").args != before.args
