"""The console script `release-tasks`: the same commands anywhere, without a dodo.py.

It reads no configuration of doit's and imports nothing from the current folder, so that a downloaded release
full of hostile files can be verified where it lies.
"""

from __future__ import annotations

import sys

from release_tasks.engine.main import run


def main() -> None:
    """Run the command named on the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
