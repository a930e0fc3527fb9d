"""What seal gates tell people; which code each gives is in test_gates."""

from __future__ import annotations

from typing import Any

import pytest

from release_tasks.policy.seal_gates import SEAL_GATES
from tests.fakes.gate_cases import COMMIT, EVIDENCE, ROOT, judged


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
