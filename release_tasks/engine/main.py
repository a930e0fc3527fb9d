"""doit with our loader, our commands and nobody's configuration: what `release-tasks` runs."""

from __future__ import annotations

from doit.doit_cmd import DoitMain

from release_tasks.engine.loader import ProjectLoader
from release_tasks.verbs.registration import GLOBAL, PLUGINS


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code of design §8."""
    DoitMain.BIN_NAME = "release-tasks"
    config = {kind.upper(): dict(plugins) for kind, plugins in PLUGINS.items()}
    main = DoitMain(
        task_loader=ProjectLoader(), config_filenames=(), extra_config={"GLOBAL": dict(GLOBAL), **config}
    )
    return int(main.run(arguments) or 0)
