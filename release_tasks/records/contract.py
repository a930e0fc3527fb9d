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
MODEL_2 = Contract(
    "model/2",
    (
        *MODEL_1.slots,
        Slot("model-card", "derived", least=0),
        Slot("data-card", "derived", least=0),
        Slot("perf-comparison", "derived", least=0),
        Slot("checklist", "derived", least=0),
        Slot("changelog", "derived", least=0),
    ),
)
# So that the manifest of an experiment never reads as that of a release (R24).
EXPERIMENTAL_1 = replace(MODEL_2, name="experimental/1")
_OF_A_MODEL = ("config", "gguf", "preprocessor", "quality", "tokenizer", "weights", "weights-index")
_EVERY = (
    Slot("metadata", "derived"),
    Slot("readme", "derived"),
    Slot("verdict", "derived"),
    Slot("policy", "recorded"),
    Slot("environment", "recorded"),
    Slot("checklist", "derived", least=0),
    Slot("changelog", "derived", least=0),
)
DATASET_1 = Contract(
    "dataset/1",
    (
        Slot("data", "exact"),
        Slot("dataset-statistics", "exact"),
        Slot("data-card", "derived", least=0),
        *_EVERY,
    ),
    foreign=(*_OF_A_MODEL, "model-card", "sdist", "wheel"),
)
TOOLING_1 = Contract(
    "tooling/1",
    (Slot("wheel", "exact"), Slot("sdist", "exact"), *_EVERY),
    foreign=(*_OF_A_MODEL, "data", "data-card", "model-card"),
)
CONTRACTS: dict[str, Contract] = {
    contract.name: contract for contract in (MODEL_1, MODEL_2, EXPERIMENTAL_1, DATASET_1, TOOLING_1)
}
CURRENT: dict[str, Contract] = {
    "model": MODEL_2,
    "dataset": DATASET_1,
    "tooling": TOOLING_1,
    "patch": MODEL_2,
    "experimental": EXPERIMENTAL_1,
}
