"""doit's own commands where their defaults do not fit a release: `list` and `forget`."""

from __future__ import annotations

from typing import Any

from doit.cmd_forget import Forget as DoitForget
from doit.cmd_list import List as DoitList
from doit.exceptions import InvalidCommand

from release_tasks.engine.boundary import fail_system

# doit sorts by name and hides what stands in a group: that would show neither order nor steps.
_DEFAULTS = {"sort": "definition", "subtasks": True}


class List(DoitList):  # type: ignore[misc]
    """doit's `list` with subtasks, in the order of definition, without a line for their group."""

    doc_purpose = "list tasks in the order in which they are defined"
    cmd_options = tuple(
        {**option, "default": _DEFAULTS.get(option["name"], option["default"])}
        for option in DoitList.cmd_options
    )

    def execute(self, params: Any, args: list[str]) -> int:
        """List, and end quietly when the reader of the list has seen enough (`doit list | head`)."""
        try:
            return int(super().execute(params, args) or 0)
        except BrokenPipeError as error:
            return fail_system(error)

    def _list_all(self, include_subtasks: bool) -> list[Any]:  # noqa: FBT001 - doit calls it so
        tasks: list[Any] = super()._list_all(include_subtasks)
        return [task for task in tasks if not (include_subtasks and task.has_subtask)]


class Forget(DoitForget):  # type: ignore[misc]
    """doit's `forget`, which without a task and without default tasks ends in a TypeError (doit 0.37)."""

    def _execute(self, forget_sub: bool, forget_disable_default: bool, forget_all: bool) -> None:  # noqa: FBT001
        if not forget_all and self.sel_tasks is None:
            raise InvalidCommand("wanted the name of a task, or --all")
        super()._execute(forget_sub, forget_disable_default, forget_all)
