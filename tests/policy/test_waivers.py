from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.config.policy import Waiver
from release_tasks.policy.waivers import Waivers
from release_tasks.records.digest import sha256
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import Finding

A, B = sha256("a" * 64), sha256("b" * 64)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
FOUND = [Finding(code=GateCode.SMOKE_FAILED, subject="s", wanted="w", found="f", evidence="e")]


def made(days: int = 0, *, gate: str = "smoke", digest: object = A, by: str = "Ada") -> Waiver:
    """A waiver that expires some days after the day of the decision."""
    assert digest in {A, B}
    expires = NOON.date() + timedelta(days=days)
    return Waiver(gate=gate, reason="r", by=by, expires=expires, applies_to=A if digest == A else B)


@given(st.integers(-400, 400), st.integers(0, 24 * 3600 - 1))
def test_a_waiver_holds_until_its_last_day_is_over(days: int, second: int) -> None:
    moment = datetime(2026, 6, 15, tzinfo=UTC) + timedelta(seconds=second)
    left, waived = Waivers([made(days)], moment).divide("smoke", FOUND, [A])
    if days >= 0:
        assert (left, [item.finding for item in waived]) == ([], FOUND)
    else:
        assert waived == []
        assert [item.code for item in left] == [GateCode.SMOKE_FAILED, GateCode.WAIVER_EXPIRED]


@pytest.mark.parametrize(("gate", "digest"), [("weights", A), ("smoke", B)])
def test_a_waiver_is_for_one_gate_and_one_file(gate: str, digest: object) -> None:
    other = made(gate=gate, digest=digest)
    waivers = Waivers([other], NOON)
    assert waivers.divide("smoke", FOUND, [A]) == (FOUND, [])
    assert waivers.unused == (other,)


def test_a_waiver_for_a_gate_that_found_nothing_is_unused() -> None:
    waivers = Waivers([made()], NOON)
    assert waivers.divide("smoke", [], [A]) == ([], [])
    assert waivers.unused == (made(),)


def test_an_expired_waiver_is_used_up_and_not_also_unused() -> None:
    waivers = Waivers([made(-1)], NOON)
    waivers.divide("smoke", FOUND, [A])
    assert waivers.unused == ()


def test_of_several_that_hold_the_one_that_holds_longest_is_named() -> None:
    waivers = Waivers([made(3, by="Ada"), made(9, digest=B, by="Grace"), made(-1, digest=B)], NOON)
    _, waived = waivers.divide("smoke", FOUND, [A, B])
    assert [(item.by, item.expires) for item in waived] == [("Grace", "2026-06-24")]
    assert waivers.unused == ()


def test_the_day_is_that_of_the_decision_in_its_own_zone() -> None:
    """`decided_at` is UTC in the records; the day of a waiver is one of UTC."""
    late = datetime(2026, 6, 15, 23, 59, tzinfo=UTC)
    assert Waivers([made(0)], late).divide("smoke", FOUND, [A])[0] == []
    assert date(2026, 6, 15) == late.date()
