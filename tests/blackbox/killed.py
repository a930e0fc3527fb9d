"""Kills a command with SIGKILL at the Nth thing that it does to the disk or to a network.

Run as `python killed.py N before|after COMMAND ARGUMENTS`: exit code -9 (SIGKILL) when there was an Nth one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import urllib.request
from typing import Any

from release_tasks.engine.main import run

CALLS = ("fsync", "rename", "replace", "unlink", "symlink", "mkdir", "rmdir")


def _watched(function: Any, number: int, when: str, count: list[int], lock: threading.Lock) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        with lock:
            count[0] += 1
            now = count[0] == number
        if now and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return function(*args, **kwargs)
        finally:
            if now:
                os.kill(os.getpid(), signal.SIGKILL)

    return call


def main(number: int, when: str, command: list[str]) -> int:
    """Run the command with every call counted."""
    count, lock = [0], threading.Lock()
    for name in CALLS:
        setattr(os, name, _watched(getattr(os, name), number, when, count, lock))
    opener = urllib.request.OpenerDirector
    opener.open = _watched(opener.open, number, when, count, lock)  # type: ignore[method-assign]
    code = run(command)
    sys.stderr.write(f"calls {count[0]}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
