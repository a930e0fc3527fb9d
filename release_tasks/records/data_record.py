"""One record of a dataset: where it stands, and its value."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject


@frozen
class DataRecord:
    """A JSON object of a dataset; `number` counts from 1 in its file, `heldout` is not trained on."""

    path: str
    number: int
    value: JSONObject
    heldout: bool = False

    @property
    def place(self) -> str:
        """The file and the number, as `data/a.jsonl#3`."""
        return f"{self.path}#{self.number}"
