"""Where gitleaks is on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path


def find_gitleaks() -> str | None:
    """The program on PATH, or None."""
    return shutil.which("gitleaks")


def gitleaks_fact() -> str:
    """Which gitleaks would run, as far as a look at its file tells; `none` without one."""
    program = find_gitleaks()
    if program is None:
        return "none"
    try:
        status = Path(program).stat()
    except OSError:
        return "none"
    return f"{program} {status.st_size} {status.st_mtime_ns}"
