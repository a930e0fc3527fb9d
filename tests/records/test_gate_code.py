from __future__ import annotations

import pytest

from release_tasks.records.gate_code import CODES, Category, GateCode


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
    """P9: 3 and less is a page."""
    assert all(info.priority <= 3 for info in CODES.values() if info.category is Category.SECURITY)
