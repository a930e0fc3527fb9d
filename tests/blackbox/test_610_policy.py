"""A policy in the hands of a user: profiles, waivers and strictness, through the commands that are typed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.foreign import HEAD, Done, project, run, write

BROKEN = '[smoke]\ncommand = ["python", "-c", "raise SystemExit(3)"]\n'
POLICY = "schema: 1\n"
NO_PROFILE = """\
there is no profile of this name
  wanted: one of analysis_only, code-model, default, high_stakes, narrative_required{more}
  found:  high-stakes
  where:  release.profile or --profile
  hint:   did you mean high_stakes?
"""


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose smoke command fails, frozen; tests write the policy."""
    folder = project(tmp_path_factory.mktemp("policy") / "p", rest=BROKEN)
    done = run(folder, "freeze")
    assert done.code == 0, done.text
    return folder


def waiver(folder: Path, *, expires: str) -> str:
    """A policy that answers for what smoke finds about the model of a project."""
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return (
        f"{POLICY}waivers:\n  - gate: smoke\n    reason: the judge is ill\n    by: Ada\n"
        f"    expires: {expires}\n    applies_to: sha256:{digest}\n"
    )


def release(folder: Path, policy: str, *options: str) -> Done:
    write(folder, {"release_policy.yml": policy})
    return run(folder, "release", *options)


def smoke(folder: Path) -> Any:
    verdict = json.loads((folder / ".release/records/verdict.json").read_bytes())
    return next(gate for gate in verdict["gates"] if gate["gate"] == "smoke")


@pytest.mark.parametrize("policy", [None, POLICY, f"{POLICY}profiles:\n  nightly: {{}}\n"])
def test_an_unknown_profile_is_refused_before_anything_runs(tmp_path: Path, policy: str | None) -> None:
    """P5: also without a policy file, and by every command that plans."""
    folder = project(tmp_path / "p", head=f'{HEAD}profile = "high-stakes"\n')
    if policy is not None:
        write(folder, {"release_policy.yml": policy})
    told = NO_PROFILE.format(more=", nightly" if policy and "nightly" in policy else "")
    for command in ("check", "release", "freeze"):
        done = run(folder, command)
        assert (done.code, done.out, done.err) == (3, "", told), done.text
    assert not (folder / ".release/logs").exists()
    assert not (folder / "release").exists()


def test_a_profile_is_asked_for_again_under_a_policy_that_was_valid(tmp_path: Path) -> None:
    """That the file was read before says nothing about a profile that release.toml names since."""
    folder = project(tmp_path / "p")
    write(folder, {"release_policy.yml": POLICY})
    assert run(folder, "freeze").code == 0
    write(
        folder,
        {
            "release.toml": (folder / "release.toml")
            .read_text()
            .replace(HEAD, f'{HEAD}profile = "high-stakes"\n')
        },
    )
    done = run(folder, "freeze")
    assert (done.code, done.err) == (3, NO_PROFILE.format(more="")), done.text


def test_a_failing_gate_refuses_until_somebody_answers_for_it(frozen: Path) -> None:
    """A waiver turns the refusal into a warning that names the person; an expired one excuses nothing."""
    assert release(frozen, POLICY).code == 1
    assert smoke(frozen)["status"] == "fail"

    done = release(frozen, waiver(frozen, expires="2020-01-01"))
    assert done.code == 1
    assert "WAIVER_EXPIRED smoke: wanted a waiver that holds on " in done.text
    assert "found a waiver of Ada that expired on 2020-01-01" in done.text

    done = release(frozen, waiver(frozen, expires="2099-12-31"))
    assert done.code == 0, done.text
    assert "waived by Ada until 2099-12-31: the judge is ill" in done.out
    found = smoke(frozen)
    assert (found["status"], found["findings"]) == ("waived", [])
    assert [(item["code"], item["by"]) for item in found["waived"]] == [("SMOKE_FAILED", "Ada")]
    packaged = json.loads((frozen / "release/0.1.0/evidence/policy.json").read_bytes())
    assert packaged["policy"]["waivers"][0]["reason"] == "the judge is ill"
    assert (packaged["profile"], packaged["in_force"]["strict"]) == ("default", False)
    assert packaged["in_force"]["limits"]["max_duplicate_rate"] == 0.02


def test_a_waiver_that_matches_nothing_is_reported(frozen: Path) -> None:
    unused = waiver(frozen, expires="2099-12-31").replace("gate: smoke", "gate: weights")
    done = release(frozen, f"{unused}gates:\n  smoke: 'off'\n")
    assert done.code == 0, done.text
    assert "WAIVER_UNUSED weights: found none\n" in done.out


def test_all_problems_of_a_policy_are_told_at_once(frozen: Path) -> None:
    """K2, K3: each with its place, and what may have been meant."""
    done = release(
        frozen,
        "schema: 1\nrequired: [smok]\nthresholds:\n  max_duplicates: 1\nwaivers:\n"
        "  - gate: smoke\n    by: Ada\n    reason: ''\n    expires: soon\n    applies_to: model.safetensors\n"
        "exceptions:\n  - path: data/*\n    rule: r\n    fingerprint: 12\n    reason: x\n",
    )
    assert (done.code, done.out) == (3, "")
    places = [line.split()[-1] for line in done.err.splitlines() if line.startswith("  where:")]
    assert places == [
        "required[0]",
        "thresholds.max_duplicates",
        "waivers[0].reason",
        "waivers[0].expires",
        "waivers[0].applies_to",
        "exceptions[0].path",
        "exceptions[0].fingerprint",
    ]
    assert "  hint:   did you mean smoke?" in done.err
    assert "  hint:   did you mean max_duplicate_rate?" in done.err
