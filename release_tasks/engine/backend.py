"""doit's state in our database: one row a task, committed as soon as the task is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from release_tasks.system.state import StateDatabase

# doit writes this last when it records a success (Dependency.save_success, doit 0.37); a kill a moment later
# loses nothing that was done.
_LAST_WRITE = "deps:"


class StateBackend:
    """doit's backend interface (`doit.dependency.JsonDB`) over `StateDatabase`."""

    desc = "SQLite, one commit a task, damaged rows ignored"

    def __init__(self, name: str, codec: object = None, *, module_name: str | None = None) -> None:
        del codec, module_name  # ours is JSON whatever doit would use
        self.name = name
        self._database = StateDatabase(Path(name))
        self._tasks: dict[str, dict[str, Any]] = {}

    def _task(self, task_id: str) -> dict[str, Any]:
        if task_id not in self._tasks:
            text = self._database.get(f"task/{task_id}")
            try:
                value = {} if text is None else json.loads(text)
            except ValueError:
                value = {}
            self._tasks[task_id] = value if isinstance(value, dict) else {}
        return self._tasks[task_id]

    def get(self, task_id: str, dependency: str) -> Any:
        """Return one saved value of a task, or None."""
        return self._task(task_id).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Save one value; the last write of a success commits the task. Refuses doit's mark for ignoring."""
        if dependency == "ignore:":
            raise InvalidCommand(
                f"{task_id} cannot be ignored: a release without it would look complete and be stale.\n"
                "  hint: change release.toml, or turn its gate off in the policy"
            )
        self._task(task_id)[dependency] = value
        if dependency == _LAST_WRITE:
            self._database.put([(f"task/{task_id}", json.dumps(self._tasks[task_id]))])

    def in_(self, task_id: str) -> bool:
        """Tell whether anything is saved for a task."""
        return bool(self._task(task_id))

    def remove(self, task_id: str) -> None:
        """Forget one task at once, so that a kill cannot bring it back."""
        self._tasks[task_id] = {}
        self._database.remove(f"task/{task_id}")

    def remove_all(self) -> None:
        """Forget every task."""
        self._tasks.clear()
        self._database.remove_all()

    def dump(self) -> None:
        """Close the database; everything has been committed already."""
        self._database.close()
