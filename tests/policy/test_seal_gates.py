"""What seal gates tell people; which code each gives is in test_gates."""

from __future__ import annotations

from typing import Any

import pytest

from release_tasks.config.policy import Policy
from release_tasks.policy.seal_gates import SEAL_GATES
from tests.fakes.gate_cases import COMMIT, EVIDENCE, ROOT, decided, judged


def said(gate: str, **values: Any) -> list[tuple[str, str, str]]:
    found = judged({"seal": {**EVIDENCE["seal"], **values}})[gate].findings
    return [(finding.subject, finding.wanted, finding.found) for finding in found]


def test_the_source_must_be_the_commit_that_is_checked_out() -> None:
    """R14: a null commit cannot be sealed, and the dirty flag is honest."""
    assert said("source", commit=None) == [
        (
            "metadata.json: git_commit",
            "the commit that built the release",
            "null: the project is not under git",
        )
    ]
    assert said("source", dirty=True, head="f" * 40) == [
        (
            "metadata.json: git_dirty",
            "a release built from a clean tree",
            "uncommitted changes when it was built",
        )
    ]
    assert said("source", head="f" * 40) == [
        ("metadata.json: git_commit", f"the commit that is checked out, {'f' * 16}", COMMIT[:16])
    ]


def test_a_working_tree_that_is_not_clean_refuses_file_by_file() -> None:
    changed = [{"path": "README.md"}, {"path": "notes.txt"}]
    assert said("source", changed=changed) == [
        ("README.md", "the file as the commit has it", "changed, or not committed"),
        ("notes.txt", "the file as the commit has it", "changed, or not committed"),
    ]


def test_every_problem_of_the_directory_is_told() -> None:
    problem = {"code": "MISSING_FILE", "path": "model.safetensors", "wanted": "4 bytes", "found": "none"}
    assert said("verified", problems=[problem]) == [("model.safetensors: MISSING_FILE", "4 bytes", "none")]


def test_inputs_are_those_that_the_release_was_built_from() -> None:
    row = {"name": "data/one.txt", "frozen": f"sha256:{'1' * 64}", "now": None}
    assert said("inputs", lock_released=False, inputs=[row]) == [
        ("release.lock", "the lock file that the release was built with", "another one"),
        ("data/one.txt", f"frozen sha256:{'1' * 16}", "nothing"),
    ]


def test_lock_and_policy_are_both_named() -> None:
    assert said("committed", lock_committed=False, policy_committed=False) == [
        ("release.lock", "the lock file as HEAD has it", "another content, or not committed"),
        ("release_policy.yml", "the policy as HEAD has it", "another content, or not committed"),
    ]


@pytest.mark.parametrize(
    ("flag", "option"),
    [
        ("soft", "--soft"),
        ("snapshot", "--snapshot"),
        ("policy_override", "--policy"),
        ("profile_override", "--profile"),
        ("not_strict", "--no-strict"),
    ],
)
def test_only_a_plain_run_can_be_sealed(flag: str, option: str) -> None:
    """K4: a soft result is never publishable."""
    assert said("plain-run", **{flag: True}) == [(f"doit release {option}", "a plain run", option)]


def test_a_run_that_was_bent_in_every_way_says_so_in_every_way() -> None:
    assert len(said("plain-run", soft=True, snapshot=True, policy_override=True)) == 3


@pytest.mark.parametrize(("expires", "holds"), [("2026-11-20", False), ("2026-11-21", True)])
def test_a_waiver_must_still_hold_on_the_day_of_the_seal(expires: str, *, holds: bool) -> None:
    """The candidate was judged on another day: what it rests on may have expired since."""
    row = {"gate": "smoke", "subject": "[smoke] command", "by": "Ada", "expires": expires}
    told = (
        "smoke: [smoke] command",
        "a waiver that holds on 2026-11-21",
        "a waiver of Ada that expired on 2026-11-20",
    )
    assert said("waivers", waivers=[row]) == ([] if holds else [told])


def test_another_root_than_the_accepted_one_refuses() -> None:
    other = f"sha256:{'b' * 64}"
    assert said("accepted", accepted_root=other) == [
        ("acceptance.json", f"an acceptance of root {ROOT}", other)
    ]
    assert said("accepted", root=None, accepted_root=None) == [
        ("acceptance.json", "an acceptance of root nothing", "nothing")
    ]


def test_an_unknown_numeric_id_refuses_here() -> None:
    assert said("numeric-id", numeric_known=False) == [
        ("v3-linux", "outputs frozen for this numeric id", "none in release.lock")
    ]


def test_all_of_them_are_of_the_seal_point() -> None:
    assert {gate.point for gate in SEAL_GATES} == {"seal"}


def rebuilt(**values: Any) -> dict[str, Any]:
    return {**EVIDENCE["seal"]["rebuild"], **values}


def levels(bytes_: int | None, tensors: int | None, tolerance: int | None) -> dict[str, int | None]:
    return {"bytes": bytes_, "tensors": tensors, "tolerance": tolerance}


def reproducible(thresholds: dict[str, float], **values: Any) -> list[tuple[str, str, str]]:
    """What the gate says under a policy with these thresholds."""
    policy = Policy(thresholds=tuple(sorted(thresholds.items())))
    verdict = decided(
        {"seal": {**EVIDENCE["seal"], "rebuild": rebuilt(**values)}}, policy=policy, point="seal"
    )
    result = next(result for result in verdict.gates if result.gate == "reproducible")
    return [(finding.subject, finding.wanted, finding.found) for finding in result.findings]


def test_a_release_is_sealed_after_it_was_rebuilt() -> None:
    assert said("reproducible") == []
    assert said("reproducible", rebuild=None) == [
        ("rebuild.json", "a rebuild of this release", "nothing was rebuilt yet")
    ]


def test_a_rebuild_of_another_root_does_not_count_whatever_its_level() -> None:
    other = f"sha256:{'b' * 64}"
    assert said("reproducible", rebuild=rebuilt(root=other, levels=levels(3, 3, 3))) == [
        ("rebuild.json", f"a rebuild of root {ROOT}", f"a rebuild of root {other}")
    ]


@pytest.mark.parametrize(
    ("thresholds", "values", "told"),
    [
        ({}, {"levels": levels(1, 1, 1)}, None),
        ({}, {"levels": levels(0, 1, 1)}, ("level 1 or more, comparing bytes", "level 0")),
        ({}, {"levels": levels(None, 3, 3)}, ("level 1 or more, comparing bytes", "level none")),
        ({}, {"weights": "given", "levels": levels(0, 0, 0)}, None),
        (
            {},
            {"weights": "given", "levels": levels(None, 0, 0)},
            ("level 0 or more, comparing bytes", "level none"),
        ),
        ({"min_rebuild_level": 0}, {"levels": levels(0, 0, 0)}, None),
        (
            {"min_rebuild_level": 2},
            {"levels": levels(1, 1, 1)},
            ("level 2 or more, comparing bytes", "level 1"),
        ),
        (
            {"min_rebuild_level": 4},
            {"levels": levels(3, 3, 3)},
            ("level 4 or more, comparing bytes", "level 3"),
        ),
        ({"min_rebuild_likeness": 2}, {"levels": levels(None, 1, 1)}, None),
        (
            {"min_rebuild_likeness": 2},
            {"levels": levels(None, 0, 1)},
            ("level 1 or more, comparing tensors", "level 0"),
        ),
        (
            {"min_rebuild_likeness": 1.5},
            {"levels": levels(None, 0, 1)},
            ("level 1 or more, comparing tensors", "level 0"),
        ),
        ({"min_rebuild_likeness": 1}, {"levels": levels(None, None, 1)}, None),
        ({"min_rebuild_likeness": 0}, {"levels": levels(None, None, 1)}, None),
        (
            {"min_rebuild_likeness": 9},
            {"levels": levels(0, 1, 1)},
            ("level 1 or more, comparing bytes", "level 0"),
        ),
    ],
)
def test_the_policy_says_which_level_and_which_likeness_are_enough(
    thresholds: dict[str, float], values: dict[str, Any], told: tuple[str, str] | None
) -> None:
    found = reproducible(thresholds, **values)
    assert found == ([] if told is None else [("rebuild.json: level", *told)])
