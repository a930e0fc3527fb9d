from __future__ import annotations

from typing import get_args

import pytest

from release_tasks.config.schema import ReleaseType
from release_tasks.records.contract import CONTRACTS, CURRENT, MODEL_1, Contract, Slot

FULL = {
    "weights": 1,
    "tokenizer": 1,
    "config": 2,
    "metadata": 1,
    "readme": 1,
    "verdict": 1,
    "policy": 1,
    "environment": 1,
}


@pytest.mark.parametrize("role", sorted(FULL))
def test_one_missing_file_is_named(role: str) -> None:
    """R3: one missing invalidates."""
    assert MODEL_1.missing(FULL) == ()
    roles = {name: count for name, count in FULL.items() if name != role}
    assert [slot.role.split("|")[0] for slot in MODEL_1.missing(roles)] == [role]
    assert MODEL_1.missing({**FULL, role: 0}) == MODEL_1.missing(roles)


def test_a_preprocessor_takes_the_place_of_the_tokenizer() -> None:
    roles = {**FULL, "preprocessor": 1}
    del roles["tokenizer"]
    assert MODEL_1.missing(roles) == ()


def test_alternatives_add_up_to_what_is_wanted() -> None:
    contract = Contract("x/1", (Slot("a|b", "exact", least=2),))
    assert contract.missing({"a": 1, "b": 1}) == ()
    assert contract.missing({"a": 1}) == contract.slots
    assert contract.missing({"a|b": 2}) == contract.slots


def test_every_type_has_a_contract_that_verify_finds_by_name() -> None:
    assert set(CURRENT) == set(get_args(ReleaseType))
    assert all(CONTRACTS[contract.name] is contract for contract in CURRENT.values())
    assert all(name == contract.name for name, contract in CONTRACTS.items())
