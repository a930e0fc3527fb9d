from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import release_tasks
from release_tasks.errors import ConfigError, GateRefused
from release_tasks.records.gate_code import GateCode
from release_tasks.stages.own_schema import check_own
from release_tasks.verbs.decide import decide_release
from tests.fakes.small_project import small_project

RECORDS = ".release/records"
POLICIES = {
    "soft.yml": b"schema: 1\nsoft_allowed: [smoke]\n",
    "off.yml": b"schema: 1\ngates:\n  smoke: off\n",
    "unknown.yml": b"schema: 1\ngates:\n  smoek: off\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose gate has decided, with a warning of the gate `smoke`; never change it."""
    folder = tmp_path_factory.mktemp("decide")
    return small_project(folder, files=POLICIES).run_up_to("gate").root


def listing(folder: Path) -> dict[str, bytes]:
    """Every file but those of the database that remembers digests."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "sqlite" not in path.name
    }


def record(folder: Path, name: str) -> Any:
    return json.loads((folder / RECORDS / f"{name}.json").read_text())


def test_the_decision_is_that_of_the_command_and_nothing_is_written(built: Path) -> None:
    """P1: one entry point that returns a bundle with decision, codes and payload."""
    before = listing(built)
    decided = decide_release(built / "release.toml")
    assert decided.decision == "PASS_WITH_WARNINGS"
    assert decided.codes == (GateCode.SMOKE_LOAD_ONLY, GateCode.PASS_WITH_WARNINGS)
    assert decided.payload == record(built, "trust")
    assert decided.verdict.to_json() == record(built, "verdict")
    assert listing(built) == before


def test_the_package_exports_it(built: Path) -> None:
    decided = release_tasks.decide_release(str(built / "release.toml"))
    assert isinstance(decided, release_tasks.ReleaseDecision)


def test_the_project_is_that_of_the_current_folder(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built / ".release")
    assert decide_release().decision == "PASS_WITH_WARNINGS"


@pytest.mark.parametrize(
    ("asked", "decision", "codes"),
    [
        ({"strict": True}, "REJECT", ("CONFIG_INCOMPLETE", "SMOKE_LOAD_ONLY")),
        ({"profile": "high_stakes"}, "REJECT", ("CONFIG_INCOMPLETE", "SMOKE_LOAD_ONLY")),
        ({"profile": "high_stakes", "strict": False}, "PASS_WITH_WARNINGS", ("SMOKE_LOAD_ONLY",)),
        ({"profile": "analysis_only"}, "PASS_WITH_WARNINGS", ("SMOKE_LOAD_ONLY",)),
    ],
)
def test_it_may_be_asked_in_another_way(
    built: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    decision: str,
    codes: tuple[str, ...],
) -> None:
    """P5: strict turns warnings into REJECT and adds CONFIG_INCOMPLETE; override either way."""
    monkeypatch.chdir(built)
    decided = decide_release("release.toml", **asked)
    success = () if decision == "REJECT" else (decision,)
    assert (decided.decision, tuple(map(str, decided.codes))) == (decision, (*codes, *success))
    assert decided.payload["profile"] == asked.get("profile", "default")
    assert decided.verdict.mode.profile_override is ("profile" in asked)
    check_own("trust-payload", decided.payload)
    assert decided.payload["config_hash"] != record(built, "trust")["config_hash"]


@pytest.mark.parametrize(
    ("asked", "hardness", "status"),
    [({"policy": "off.yml"}, "off", "off"), ({"policy": "soft.yml", "soft": True}, "hard", "warn")],
)
def test_another_policy_is_judged_by_and_marked(
    built: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], hardness: str, status: str
) -> None:
    """K4; what the scan for secrets has not seen, the policy's own text, stays refused until it runs."""
    monkeypatch.chdir(built)
    decided = decide_release("release.toml", **asked)
    smoke = next(gate for gate in decided.verdict.gates if gate.gate == "smoke")
    assert (smoke.hardness, smoke.status) == (hardness, status)
    assert decided.verdict.mode.policy_override is True
    assert decided.verdict.mode.soft is asked.get("soft", False)
    failing = [
        finding for gate in decided.verdict.gates if gate.status == "fail" for finding in gate.findings
    ]
    assert {(finding.code, finding.subject) for finding in failing} == {("EVIDENCE_STALE", asked["policy"])}


def test_the_profile_of_release_toml_is_no_override(built: Path) -> None:
    decided = decide_release(built / "release.toml", profile="default")
    assert decided.verdict.mode.profile_override is False
    assert decided.payload["config_hash"] == record(built, "trust")["config_hash"]


def test_fail_fast_raises_with_the_first_gate_only(built: Path, tmp_path: Path) -> None:
    """P5: "fail fast" really raises."""
    assert decide_release(built / "release.toml", fail_fast=True).decision == "PASS_WITH_WARNINGS"
    project = small_project(tmp_path / "project").run_up_to("gate")
    for name in ("frozen-outputs", "smoke"):
        (project.root / RECORDS / f"{name}.json").unlink()
    whole = decide_release(project.root / "release.toml")
    failing = [gate.gate for gate in whole.verdict.gates if gate.status == "fail"]
    assert (whole.decision, failing) == ("REJECT", ["lock-outputs", "smoke"])
    with pytest.raises(GateRefused) as caught:
        decide_release(project.root / "release.toml", fail_fast=True)
    assert str(caught.value) == (
        "the gate refused the release: lock-outputs\n"
        "  found: EVIDENCE_MISSING frozen-outputs: wanted a record of kind frozen-outputs, found none\n"
        "  where: .release/records/verdict.json\n"
        "  hint:  run 'doit release'"
    )


def test_a_project_that_was_never_built_is_refused_and_nothing_is_known(tmp_path: Path) -> None:
    """P7: without a measurement confidence is unknown."""
    project = small_project(tmp_path)
    decided = decide_release(project.root / "release.toml")
    assert (decided.decision, decided.payload["confidence"]) == ("REJECT", "unknown")
    assert set(map(str, decided.codes)) == {"EVIDENCE_MISSING"}


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ConfigError) as caught:
        decide_release(project.root / "release.toml")
    assert str(caught.value) == (
        "a file that the evidence must speak of is not there\n"
        "  wanted: tokenizer.json\n"
        "  found:  no such file\n"
        f"  where:  {tmp_path / 'tokenizer.json'}\n"
        "  hint:   run 'doit release'"
    )


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"profile": "high_steaks"}, "there is no profile of this name"),
        ({"policy": "unknown.yml"}, "no code evaluates a gate of this name"),
        ({"policy": "none.yml"}, "the policy is not there"),
    ],
)
def test_what_cannot_be_judged_by_is_bad_configuration(
    built: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], what: str
) -> None:
    """K2, K3."""
    monkeypatch.chdir(built)
    with pytest.raises(ConfigError, match=what):
        decide_release(**asked)


def test_the_same_evidence_gives_the_same_payload(built: Path) -> None:
    first, second = (decide_release(built / "release.toml").payload for _ in range(2))
    assert first == second
