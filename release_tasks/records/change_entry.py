"""What one commit says of a change, as changelog and version advice need it."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject


@frozen
class ChangeEntry:
    """A commit that users should know of: 40 hex digits, its conventional type, and what it says.

    `type` is None for a commit that is not conventional; it counts where it says BREAKING CHANGE.
    `breaking_text` says what breaks, None where nothing does.
    """

    commit: str
    type: str | None
    scope: str | None
    description: str
    breaking_text: str | None

    def to_json(self) -> JSONObject:
        """Write the entry as plain JSON."""
        return {
            "commit": self.commit,
            "type": self.type,
            "scope": self.scope,
            "description": self.description,
            "breaking_text": self.breaking_text,
        }
