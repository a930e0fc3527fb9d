"""What a person and a machine see of the verdict, and what a refusal leaves (P1, P5, P6, B3, B5, B9, K4)."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from project import NOT_REBUILT, SEALABLE, Project, contents, copy_project, normal, ran, rows, script

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.trust_payload import RunFacts, trust_payload
from release_tasks.records.evidence import evidence_from_json
from release_tasks.records.verdict import verdict_from_json
from release_tasks.stages.own_schema import check_own, schema_bytes

BROKEN_SMOKE = "print('def (')\n"
VERDICT, TRUST = ".release/records/verdict.json", ".release/records/trust.json"


def record(project: Project, path: str) -> Any:
    return json.loads(project.read(path))


def table(text: str) -> list[tuple[str, str, str]]:
    """Name, hardness and status of every gate that was printed."""
    lines = text.splitlines()
    return [tuple(line.split()[:3]) for line in lines[: lines.index("")] if not line.startswith(" ")]  # type: ignore[misc]


def finding_lines(text: str) -> list[str]:
    """Code and subject of every finding that was printed, in order."""
    return [line.strip() for line in text.splitlines() if line.startswith("  ") and line[2] != " "]


def same_as_verdict_json(text: str, verdict: Any) -> bool:
    """Whether the printed table says, gate by gate, what verdict.json says."""
    text = text.partition("hardness  status   evidence\n")[2]
    gates = [(row["gate"], row["hardness"], row["status"]) for row in verdict["gates"]]
    told = [row for row in verdict["gates"] if row["status"] != "skipped"]
    found = [
        f"{item['code']}  {item['subject']}" for row in told for item in [*row["findings"], *row["waived"]]
    ]
    wanted = [
        f"    wanted    {item['wanted']}\n    found     {item['found']}\n    evidence  {item['evidence']}\n"
        for row in told
        for item in row["findings"]
    ]
    return table(text) == gates and finding_lines(text) == found and all(part in text for part in wanted)


@pytest.fixture(scope="module")
def refused(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project whose next run of `gate` is refused: the sample does not compile."""
    project = copy_project(built, tmp_path_factory.mktemp("refused") / "project")
    project.write("scripts/smoke.py", BROKEN_SMOKE)
    assert project.doit("freeze", "--update").returncode == 0
    project.commit()
    return project


def test_gate_prints_every_gate_of_a_pass_and_what_is_not_shown(released: Project) -> None:
    """B3, B5: nothing runs when the verdict stands; the table and verdict.json say the same."""
    done = released.doit("gate")
    assert (done.returncode, done.stderr, ran(done)) == (0, "", [])
    assert same_as_verdict_json(done.stdout, record(released, VERDICT))
    head, _, end = done.stdout.partition("\nacceptance ")
    assert head.startswith(
        "\n"
        "gate                hardness  status   evidence\n"
        "lock-inputs         hard      pass     .release/records/frozen-inputs.json\n"
        "lock-outputs        hard      pass     .release/records/frozen-outputs.json\n"
    )
    assert (
        "tests               hard      skipped  not declared (TESTS_UNDECLARED): "
        "declare [tests.unit] with the command that runs your tests\n"
    ) in head
    assert "acceptance " + end == (
        "acceptance     shown\n"
        "introspection  yes        evidence/artifacts.json, evidence/smoke.json\n"
        "parity         not shown  parity not declared (PARITY_UNDECLARED)\n"
        "performance    not shown  bench, targets, regression not declared (BENCH_UNDECLARED)\n"
        "CI checks      not shown  tests, tests-heuristic, suites not declared (TESTS_UNDECLARED)\n"
        "\n"
        "decision    PASS\n"
        "codes       PASS\n"
        "profile     default\n"
        "tier        conditional, confidence low\n"
        "            not declared: checkpoint (CHECKPOINT_UNDECLARED, 1 gate)\n"
        "            not declared: cards (CARDS_UNDECLARED, 1 gate)\n"
        "            not declared: tests (TESTS_UNDECLARED, 3 gates)\n"
        "            not declared: parity (PARITY_UNDECLARED, 1 gate)\n"
        "            not declared: dataset (DATASET_UNDECLARED, 12 gates)\n"
        "            not declared: evaluation (EVALUATION_UNDECLARED, 1 gate)\n"
        "            not declared: bench (BENCH_UNDECLARED, 3 gates)\n"
        "            numeric profile only asserted: steps tokenizer, train\n"
        "acceptance  incomplete: parity not shown, performance not shown, CI checks not shown\n"
    )
    verbose = released.doit("release", "--verbose")
    assert (verbose.returncode, verbose.stdout.startswith(done.stdout)) == (0, True)


def test_the_release_holds_payload_and_manifest_that_follow_their_schemas(built: Project) -> None:
    """P6, P10, B17: released as evidence, each with its class."""
    folder = built.path("release/1.0.0")
    trust, run, verdict = (
        json.loads((folder / f"evidence/{name}.json").read_text()) for name in ("trust", "run", "verdict")
    )
    for name, value in (("trust-payload", trust), ("run", run), ("verdict", verdict)):
        check_own(name, value)
    assert trust["schema_hash"] == f"sha256:{hashlib.sha256(schema_bytes('trust-payload')).hexdigest()}"
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    classes = {row["path"]: (row["role"], row["class"]) for row in manifest["files"]}
    assert classes["evidence/trust.json"] == ("trust", "derived")
    assert classes["evidence/run.json"] == ("run", "recorded")
    metadata = json.loads((folder / "metadata.json").read_text())
    assert (trust["timestamp"], trust["run_id"]) == (metadata["date"], run["run_id"])
    committed = datetime.fromtimestamp(int(built.git("log", "-1", "--format=%ct")), UTC)
    assert trust["timestamp"] == f"{committed:%Y-%m-%dT%H:%M:%SZ}", "the time of the commit, not of a clock"
    assert run["randomness"] == [
        {"of": "step:tokenizer", "seed": None},
        {"of": "step:train", "seed": 7},
        {"of": "step:evaluate", "seed": None},
    ]
    digests = {row["path"]: row["sha256"] for row in manifest["files"]}
    assert {row["path"]: row["sha256"] for row in run["outputs"]} == {
        row["path"]: digests[row["path"]] for row in run["outputs"]
    }
    acceptance = json.loads(built.read("release/1.0.0.attestations/acceptance.json"))
    check_own("acceptance", acceptance)
    assert {row["row"]: row["status"] for row in acceptance["table"]} == {
        "reproducible": "not shown",
        "tested": "not shown",
        "benchmarked": "not shown",
        "versioned": "yes",
        "packaged": "yes",
        "validated": "yes",
    }


def test_the_payload_can_be_rendered_again_from_the_release_alone(built: Project) -> None:
    """Design §5: trust.json is derived, so whoever has the release can make it anew, byte for byte."""
    folder = built.path("release/1.0.0")
    run = json.loads((folder / "evidence/run.json").read_text())
    files = {name: folder / f"evidence/{name}.json" for name in run["evidence"]}
    assert run["evidence"] == {
        name: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for name, path in files.items()
    }
    content = {key: value for key, value in run.items() if key != "run_id"}
    assert run["run_id"] == f"sha256:{hashlib.sha256(dump_canonical(content)).hexdigest()}"
    environment = json.loads((folder / "evidence/environment.json").read_text())
    facts = RunFacts(
        generator=environment["generator"],
        schema_hash=f"sha256:{hashlib.sha256(schema_bytes('trust-payload')).hexdigest()}",
        run_id=run["run_id"],
        config_hash=run["config_hash"],
        timestamp=json.loads((folder / "metadata.json").read_text())["date"],
        environment=environment,
    )
    verdict = verdict_from_json(json.loads((folder / "evidence/verdict.json").read_text()), where="verdict")
    evidence = {
        name: evidence_from_json(json.loads(path.read_text()), where=name) for name, path in files.items()
    }
    payload = trust_payload(verdict, evidence, facts)
    assert dump_canonical(payload) == (folder / "evidence/trust.json").read_bytes()


def test_json_is_one_object_and_the_api_says_the_same(released: Project) -> None:
    """P1: and the same from the command line."""
    done = released.doit("gate", "--json")
    recorded = released.tasks("gate", "--recorded", "--json")
    assert (done.returncode, done.stderr, recorded.returncode, recorded.stderr) == (0, "", 0, "")
    assert json.loads(done.stdout) == json.loads(recorded.stdout) == record(released, TRUST)
    program = "import json, release_tasks; print(json.dumps(release_tasks.decide_release().payload))"
    asked = released.run([sys.executable, "-c", program])
    assert (asked.stderr, json.loads(asked.stdout)) == ("", record(released, TRUST))


def test_recorded_judges_what_is_there_and_touches_nothing(released: Project) -> None:
    """P1: without building anything; a refusal rejects no candidate."""
    released.write("scripts/smoke.py", BROKEN_SMOKE)
    before = {name: data for name, data in contents(released.root).items() if "sqlite" not in name}
    done = released.tasks("gate", "--recorded")
    assert (done.returncode, done.stderr, ran(done)) == (1, "", [])
    assert "  EVIDENCE_STALE  scripts/smoke.py\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("acceptance  incomplete: ")
    after = {name: data for name, data in contents(released.root).items() if "sqlite" not in name}
    assert after == before


def test_gate_prints_the_refusal_and_nothing_of_the_version_stays(refused: Project, tmp_path: Path) -> None:
    """B3, B9: after a REJECT no directory, bundle or staging; an older candidate is in .rejected."""
    project = copy_project(refused, tmp_path / "project")
    old = contents(project.path("release/1.0.0"))
    done = project.doit("gate")
    assert (done.returncode, done.stderr) == (1, "")
    assert same_as_verdict_json(done.stdout, record(project, VERDICT))
    assert (
        "smoke               hard      fail     .release/records/smoke.json\n"
        "  SMOKE_SAMPLE_REFUSED  [smoke] check\n"
        "    wanted    a sample that passes the check python\n"
        "    found     SyntaxError: invalid syntax (sample.py, line 1)\n"
        "    evidence  .release/records/smoke.json\n"
        "    do        look at the sample: it does not compile\n"
    ) in done.stdout
    assert (
        "introspection  no         smoke refused (SMOKE_SAMPLE_REFUSED)\n"
        "parity         not shown  parity not declared (PARITY_UNDECLARED)\n"
    ) in done.stdout
    assert done.stdout.endswith(
        "escalate    priority 4: retry with fresh data\n"
        "acceptance  incomplete: introspection no, parity not shown, performance not shown, "
        "CI checks not shown\n"
    )
    assert [path.name for path in project.path("release").iterdir()] == [".rejected"]
    assert contents(project.path("release/.rejected/1.0.0")) == old
    trust = record(project, TRUST)
    assert (trust["decision"], trust["hard_gates_triggered"]) == ("REJECT", ["SMOKE_SAMPLE_REFUSED"])
    again = project.doit("gate", "--json")
    assert (again.returncode, json.loads(again.stdout)) == (1, trust)
    assert "the gate refused the release: smoke\n" in again.stderr


def test_a_run_that_never_reached_the_gate_shows_no_old_verdict(released: Project) -> None:
    released.write("data/one.txt", "zeta\n")
    done = released.doit("gate")
    assert (done.returncode, "hardness" in done.stdout) == (1, False)
    assert "(LOCK_INPUTS_CHANGED)" in done.stdout
    as_json = released.doit("gate", "--json")
    assert (as_json.returncode, as_json.stdout) == (1, "")


def test_a_soft_result_says_so_everywhere(refused: Project, tmp_path: Path) -> None:
    """K4: only what the policy lists; marked in verdict, payload, table and summary, never sealable."""
    project = copy_project(refused, tmp_path / "project")
    done = project.doit("release", "--soft")
    assert done.returncode == 0, done.stdout
    summary = rows(done)
    assert summary["asked with"] == "--soft: never publishable"
    assert summary["seal"] == f"not yet: RESULT_SOFT (--soft), {NOT_REBUILT}"
    assert "no: validated\n" in done.stdout
    verdict, trust = record(project, VERDICT), record(project, TRUST)
    assert (verdict["mode"]["soft"], verdict["decision"]) == (True, "PASS_WITH_WARNINGS")
    assert "asked for with --soft" in trust["confidence_factors"]
    assert trust["quality_tier"] == "conditional"
    shown = project.doit("gate", "--soft")
    assert "asked with  --soft: this result can never be published\n" in shown.stdout
    assert "introspection  no         smoke warned (SMOKE_SAMPLE_REFUSED)\n" in shown.stdout


@pytest.fixture(scope="module")
def warned(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that is released with one warning: nothing generates a sample."""
    project = copy_project(built, tmp_path_factory.mktemp("warned") / "project")
    head, _, rest = project.read("release.toml").partition("[smoke]")
    project.write("release.toml", head + rest[rest.index("[[step]]") :])
    assert project.doit("freeze", "--update").returncode == 0
    project.commit()
    assert project.doit("release").returncode == 0
    return project


@pytest.mark.parametrize(
    ("asked", "strict"),
    [
        (("--strict",), True),
        (("--profile", "high_stakes"), True),
        (("--profile", "high_stakes", "--no-strict"), False),
        (("--profile", "analysis_only"), False),
        (("--strict", "--no-strict"), False),
    ],
)
def test_strict_turns_warnings_into_refusals(
    warned: Project, asked: tuple[str, ...], *, strict: bool
) -> None:
    """P5: high_stakes is strict by itself; the command line overrides either way; the last word counts."""
    done = warned.doit("gate", "--recorded", "--json", *asked)
    payload = json.loads(done.stdout)
    codes = ["CONFIG_INCOMPLETE", "SMOKE_LOAD_ONLY"] if strict else ["SMOKE_LOAD_ONLY", "PASS_WITH_WARNINGS"]
    assert (payload["strict_mode"], payload["gate_codes"]) == (strict, codes)
    assert done.returncode == (1 if strict else 0)


def test_another_profile_is_marked_and_cannot_be_sealed(warned: Project, tmp_path: Path) -> None:
    project = copy_project(warned, tmp_path / "project")
    done = project.doit("release", "--profile", "analysis_only", "--no-strict")
    assert done.returncode == 0, done.stdout
    assert rows(done)["asked with"] == "--no-strict, --profile: never publishable"
    assert rows(done)["seal"] == (
        f"not yet: POLICY_OVERRIDDEN (--profile), POLICY_OVERRIDDEN (--no-strict), {NOT_REBUILT}"
    )
    assert record(project, VERDICT)["profile"] == "analysis_only"
    same = project.doit("release", "--profile", "default")
    assert (same.returncode, rows(same)["seal"]) == (0, SEALABLE)
    strict = project.doit("release", "--profile", "high_stakes")
    assert strict.returncode == 1
    assert (
        "         CONFIG_INCOMPLETE smoke: wanted no warning: the run is strict, found SMOKE_LOAD_ONLY\n"
    ) in strict.stdout
    assert [path.name for path in project.path("release").iterdir()] == [".rejected"]


@pytest.mark.parametrize("command", ["release", "gate"])
def test_an_unknown_profile_stops_everything(warned: Project, command: str) -> None:
    """P5: exit 3 before anything runs."""
    done = warned.doit(command, "--profile", "high_steaks")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "there is no profile of this name\n"
        "  wanted: one of analysis_only, code-model, default, high_stakes, narrative_required\n"
        "  found:  high_steaks\n"
        "  where:  release.profile or --profile\n"
        "  hint:   did you mean high_stakes?\n"
    )


def test_the_policy_is_named_from_the_folder_of_the_caller(warned: Project, tmp_path: Path) -> None:
    """K4: from a folder below, and from one above that names the dodo.py."""
    project = copy_project(warned, tmp_path / "project")
    project.write("scripts/wrong.yml", "schema: 1\ngates:\n  smoek: off\n")
    done = Project(project.path("scripts")).tasks("gate", "--policy", "wrong.yml")
    assert (done.returncode, done.stdout) == (3, "")
    assert "  found:  smoek\n  where:  wrong.yml: gates.smoek\n  hint:   did you mean smoke?\n" in done.stderr
    above = Project(tmp_path)
    shutil.copy(project.path("doit.cfg"), tmp_path)
    above.write("mine.yml", "schema: 1\n")
    outside = above.doit("gate", "-f", "project/dodo.py", "--policy", "mine.yml")
    assert (outside.returncode, normal(outside.stderr, above)) == (
        3,
        (
            "the policy lies outside the project\n"
            "  wanted: a file below ROOT/project\n"
            "  found:  ROOT/mine.yml\n"
            "  hint:   copy it into the project\n"
        ),
    )


def waive(project: Project, expires: str) -> None:
    """Let a person answer for what the gate `smoke` finds about the weights, and commit that."""
    weights = hashlib.sha256(project.path("build/model.safetensors").read_bytes()).hexdigest()
    project.write(
        "release_policy.yml",
        "schema: 1\n"
        "waivers:\n"
        "  - gate: smoke\n"
        "    reason: the sample is prose\n"
        "    by: Ada\n"
        f"    expires: '{expires}'\n"
        f"    applies_to: sha256:{weights}\n",
    )
    project.commit()


@pytest.mark.skipif(shutil.which("faketime") is None, reason="there is no faketime")
def test_a_waiver_is_accepted_until_it_expires(refused: Project, tmp_path: Path) -> None:
    """Design §4: the candidate stands, but the seal is judged by the clock of now."""
    project = copy_project(refused, tmp_path / "project")
    waive(project, "2099-12-31")
    done = project.doit("release")
    assert done.returncode == 0, done.stdout
    assert rows(done)["seal"] == SEALABLE
    assert ", 1 waived: smoke\n" in done.stdout
    assert (
        "           SMOKE_SAMPLE_REFUSED [smoke] check: found SyntaxError: invalid syntax (sample.py, line 1)\n"
        "             waived by Ada until 2099-12-31: the sample is prose\n"
    ) in done.stdout
    shown = project.doit("gate")
    assert "    waived    by Ada until 2099-12-31: the sample is prose\n" in shown.stdout
    assert "introspection  no         smoke waived (SMOKE_SAMPLE_REFUSED)\n" in shown.stdout
    assert same_as_verdict_json(shown.stdout, record(project, VERDICT))
    late = project.run(["faketime", "-f", "@2100-01-01 12:00:00", script("doit"), "release"])
    assert late.returncode == 0, late.stdout + late.stderr
    assert rows(late)["seal"] == (
        f"not yet: WAIVER_EXPIRED (a waiver of Ada that expired on 2099-12-31), {NOT_REBUILT}"
    )


def test_an_expired_waiver_excuses_nothing(refused: Project, tmp_path: Path) -> None:
    project = copy_project(refused, tmp_path / "project")
    waive(project, "2020-12-31")
    done = project.doit("gate")
    assert done.returncode == 1
    codes = record(project, TRUST)["gate_codes"]
    assert codes == ["SMOKE_SAMPLE_REFUSED", "WAIVER_EXPIRED"]
    assert "    found     a waiver of Ada that expired on 2020-12-31\n" in done.stdout
    assert same_as_verdict_json(done.stdout, record(project, VERDICT))
