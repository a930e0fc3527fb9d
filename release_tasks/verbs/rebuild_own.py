"""The process in which a step of our own runs again: `python -m release_tasks.verbs.rebuild_own FILE`."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.stages.execution import run_step
from release_tasks.stages.workspace import Workspace


def main(order: Path) -> int:
    """Run the step that `order` holds, written by `rebuild_run` in its own place just before."""
    step, plan, release = pickle.loads(order.read_bytes())  # noqa: S301 - of our parent process
    try:
        run_step(step, plan, Workspace(release), _silent)
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _silent(_text: str) -> None:
    """Nobody watches a step of a rebuild."""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
