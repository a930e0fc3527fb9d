"""Permission bits that let somebody else change an input, or run it as another user (R25)."""

from __future__ import annotations

import stat
import sys
from collections.abc import Mapping
from pathlib import Path

_UNSAFE = (
    (stat.S_IWOTH, "world-writable"),
    (stat.S_ISUID, "setuid"),
    (stat.S_ISGID, "setgid"),
)


def unsafe_modes(files: Mapping[str, Path]) -> tuple[tuple[str, str], ...] | None:
    """Each file with unsafe bits and what they are, sorted by name; None where the system has no such bits.

    Links are followed, as reading does; a file that is not there is left to who reads it.
    """
    if sys.platform == "win32":
        return None
    found = []
    for name, path in sorted(files.items()):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        words = [word for bit, word in _UNSAFE if mode & bit]
        if words:
            found.append((name, f"{', '.join(words)} ({stat.S_IMODE(mode):04o})"))
    return tuple(found)
