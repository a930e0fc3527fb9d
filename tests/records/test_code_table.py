from __future__ import annotations

import pytest

from release_tasks.records.code_table import CODES, NOT_DONE
from release_tasks.records.gate_code import Category, GateCode


@pytest.mark.parametrize("code", GateCode)
def test_every_code_says_what_it_means_and_what_to_do(code: GateCode) -> None:
    """P2, P4: category, hardness, recommendation and a priority of 1 (page) to 10."""
    info = CODES[code]
    assert code == code.value == code.name
    assert info.category in Category
    assert 1 <= info.priority <= 10
    assert len(info.recommendation) > 10
    assert "\n" not in info.recommendation
    assert (info.category is Category.SUCCESS) == (code.name.startswith("PASS"))
    assert not (info.category is Category.SUCCESS and info.hard)


def test_no_category_is_left_without_a_code() -> None:
    assert {info.category for info in CODES.values()} == set(Category)


def test_codes_of_security_page_somebody() -> None:
    """P9: 3 and less is a page; a code that only warns pages nobody."""
    security = [info for info in CODES.values() if info.category is Category.SECURITY]
    assert all(info.priority <= 3 for info in security if info.hard)
    assert [info.priority for info in CODES.values() if info.priority <= 3 and not info.hard] == []


@pytest.mark.parametrize(
    ("code", "priority"),
    [
        (GateCode.NARRATIVE_PII_DETECTED, 1),
        (GateCode.FALLBACK_SUPERCRITICAL_FIELD, 2),
        (GateCode.ESS_TOO_LOW, 3),
        (GateCode.MARGINAL_ERROR_CRITICAL, 4),
        (GateCode.NARRATIVE_PRONOUN_MISMATCH, 5),
        (GateCode.PXWEB_CACHE_STALE, 6),
        (GateCode.PXWEB_FETCH_FAILED, 6),
        (GateCode.SYSTEM_MEMORY_EXCEEDED, 7),
        (GateCode.SYSTEM_TIMEOUT, 8),
    ],
)
def test_what_escalates_first(code: GateCode, priority: int) -> None:
    """P9: the order that the trust system states."""
    assert CODES[code].priority == priority


def test_every_code_has_one_row() -> None:
    """P2: a code without a meaning, or with two, is impossible."""
    assert set(CODES) == set(GateCode)


def test_what_was_not_done_is_told_from_what_failed() -> None:
    """A required gate refuses these codes, so each must say that nothing was measured."""
    assert {code for code in GateCode if code.endswith("_UNDECLARED")} <= NOT_DONE
    assert {GateCode.SMOKE_LOAD_ONLY, GateCode.SECRETS_NOT_SCANNED, GateCode.TESTS_NONE_RAN} <= NOT_DONE
    evidence = {code for code in GateCode if code.startswith("EVIDENCE_")}
    assert evidence <= NOT_DONE  # none that can be used is none
    assert not any("FAILED" in code or "MISSING" in code for code in NOT_DONE - evidence)
