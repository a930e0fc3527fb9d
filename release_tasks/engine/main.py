"""doit with our loader, our commands and nobody's configuration: what `release-tasks` runs."""

from __future__ import annotations

import importlib
from typing import Any

from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain

from release_tasks.verbs.registration import GLOBAL, PLUGINS

# Commands about files: they need no project, so none is looked for and nothing of one is imported.
_WITHOUT_TASKS = frozenset(
    {
        "verify",
        "diff",
        "check",
        "init",
        "canonicalize",
        "replay",
        "reproduce",
        "tag",
        "status",
        "yank",
        "publish",
        "rollback",
        "bump",
        "changelog",
    }
)
_LOADER = "release_tasks.engine.loader"


def _loader(arguments: list[str]) -> Any:
    if arguments and arguments[0] in _WITHOUT_TASKS:
        return ModuleTaskLoader({})
    return importlib.import_module(_LOADER).ProjectLoader()


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code of design §8."""
    DoitMain.BIN_NAME = "release-tasks"
    config = {kind.upper(): dict(plugins) for kind, plugins in PLUGINS.items()}
    main = DoitMain(
        task_loader=_loader(arguments), config_filenames=(), extra_config={"GLOBAL": dict(GLOBAL), **config}
    )
    return int(main.run(arguments) or 0)
