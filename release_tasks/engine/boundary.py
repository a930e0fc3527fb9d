"""The one boundary of our commands: an error becomes text and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys

from release_tasks.errors import ReleaseError
from release_tasks.system.storage import storage_error

_SIGPIPE = 13  # a shell shows 141 for a program that this signal ended


def fail(error: ReleaseError) -> int:
    """Print a user's problem and return its exit code: the one boundary of our commands."""
    sys.stderr.write(f"{error}\n")
    return error.exit_code


def fail_system(error: OSError) -> int:
    """Say what the system refused; a reader of our output that has gone ends the command without a word."""
    if not isinstance(error, BrokenPipeError):
        return fail(storage_error(error, error.filename or os.curdir))
    with contextlib.suppress(OSError, ValueError):  # what is still buffered would be refused again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + _SIGPIPE
