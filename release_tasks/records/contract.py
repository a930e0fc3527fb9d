"""What a release of each type must contain, as versioned data; MANIFEST names the version for verify."""

from __future__ import annotations

from dataclasses import replace

from release_tasks.records.frozen_record import frozen_positional
from release_tasks.records.step import Class


@frozen_positional
class Slot:
    """A role that must be filled: how many files it wants at least, and the class they have."""

    role: str
    cls: Class
    least: int = 1


@frozen_positional
class Contract:
    """One version of the contract of one release type; a file of a `foreign` role has no place in it."""

    name: str
    slots: tuple[Slot, ...]
    foreign: tuple[str, ...] = ()

    def wants(self, role: str) -> bool:
        """Whether a release of this contract must have a file of a role."""
        return any(role in slot.role.split("|") and slot.least > 0 for slot in self.slots)

    def missing(self, roles: dict[str, int]) -> tuple[Slot, ...]:
        """Slots that `roles` (role to number of files) leave empty; alternatives are written `a|b`."""
        return tuple(
            slot
            for slot in self.slots
            if sum(roles.get(role, 0) for role in slot.role.split("|")) < slot.least
        )


MODEL_1 = Contract(
    "model/1",
    (
        Slot("weights", "exact"),
        Slot("tokenizer|preprocessor", "exact"),
        Slot("config", "exact"),
        Slot("metadata", "derived"),
        Slot("readme", "derived"),
        Slot("dataset-statistics", "exact", least=0),
        Slot("verdict", "derived"),
        Slot("policy", "recorded"),
        Slot("environment", "recorded"),
    ),
)
_EVERY = (
    Slot("metadata", "derived"),
    Slot("readme", "derived"),
    Slot("verdict", "derived"),
    Slot("policy", "recorded"),
    Slot("environment", "recorded"),
)
_OF_A_MODEL = ("config", "gguf", "preprocessor", "quality", "tokenizer", "weights", "weights-index")
EXPERIMENTAL_1 = replace(
    MODEL_1, name="experimental/1"
)  # so that no experiment's manifest reads as a release's
DATASET_1 = Contract(
    "dataset/1",
    (Slot("data", "exact"), Slot("dataset-statistics", "exact"), *_EVERY),
    foreign=(*_OF_A_MODEL, "sdist", "wheel"),
)
TOOLING_1 = Contract(
    "tooling/1",
    (Slot("wheel", "exact"), Slot("sdist", "exact"), *_EVERY),
    foreign=(*_OF_A_MODEL, "data"),
)
CONTRACTS: dict[str, Contract] = {
    contract.name: contract for contract in (MODEL_1, EXPERIMENTAL_1, DATASET_1, TOOLING_1)
}
CURRENT: dict[str, Contract] = {
    "model": MODEL_1,
    "dataset": DATASET_1,
    "tooling": TOOLING_1,
    "patch": MODEL_1,
    "experimental": EXPERIMENTAL_1,
}
