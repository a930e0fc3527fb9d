"""One line on stderr for each file that a registry works on: stdout may be JSON."""

from __future__ import annotations

import sys

from release_tasks.formats.markdown import printable


def tell(event: str, file: str) -> None:
    """Tell of one event: send, there, check, remove, wait."""
    sys.stderr.write(f"{event:<8}{printable(file)}\n")
    sys.stderr.flush()
