"""`doit list`: one line for each task of the graph, in the order of the catalog."""

from __future__ import annotations

from typing import Any

from doit.cmd_list import List as DoitList

# doit sorts by name and hides what stands in a group: of eight stages that would show neither order nor steps.
_DEFAULTS = {"sort": "definition", "subtasks": True}


class List(DoitList):  # type: ignore[misc]
    """doit's `list` with subtasks, in the order of definition, without a line for their group."""

    doc_purpose = "list tasks in the order in which they are defined"
    cmd_options = tuple(
        {**option, "default": _DEFAULTS.get(option["name"], option["default"])}
        for option in DoitList.cmd_options
    )

    def _list_all(self, include_subtasks: bool) -> list[Any]:  # noqa: FBT001 - doit calls it so
        tasks: list[Any] = super()._list_all(include_subtasks)
        return [task for task in tasks if not (include_subtasks and task.has_subtask)]
