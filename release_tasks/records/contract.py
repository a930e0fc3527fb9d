"""What a release of each type must contain, as versioned data; MANIFEST names the version for verify."""

from __future__ import annotations

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
    """One version of the contract of one release type."""

    name: str
    slots: tuple[Slot, ...]

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
CONTRACTS: dict[str, Contract] = {contract.name: contract for contract in (MODEL_1, MODEL_2)}
CURRENT: dict[str, Contract] = {"model": MODEL_2, "patch": MODEL_2, "experimental": MODEL_2}
