"""What one commit says of a change, as changelog and version advice need it."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject


@frozen
class ChangeEntry:
    """A commit that users should know of: 40 hex digits, its conventional type, and what it says.

    `type` is None for a commit that is not conventional; it counts where it says BREAKING CHANGE.
    """

    id: str
    type: str | None
    scope: str | None
    description: str
    breaking: bool
    breaking_text: str | None

    def to_json(self) -> JSONObject:
        """Write the entry as plain JSON."""
        return {
            "id": self.id,
            "type": self.type,
            "scope": self.scope,
            "description": self.description,
            "breaking": self.breaking,
            "breaking_text": self.breaking_text,
        }
