"""One small record as bytes: only from a regular file of sensible size, so that no reader hangs or swells."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from release_tasks.errors import FormatError
from release_tasks.records.release_contents import MAX_RECORD_BYTES
from release_tasks.system.storage import OPEN_SAFELY, not_regular


def read_record_file(file: Path, *, where: str) -> bytes:
    """The bytes of a record; `where` is its name in errors.

    Raises FormatError for anything but a regular file of at most 64 MiB, OSError as the system does.
    """
    status = file.lstat()
    if not stat.S_ISREG(status.st_mode):
        found = not_regular(status.st_mode, file).found
        raise FormatError("not a record", wanted="a regular file", found=found, where=where)
    if status.st_size > MAX_RECORD_BYTES:
        raise FormatError(
            "too large for a record",
            wanted=f"at most {MAX_RECORD_BYTES} bytes",
            found=f"{status.st_size} bytes",
            where=where,
        )
    with open(os.open(file, os.O_RDONLY | OPEN_SAFELY), "rb") as stream:  # noqa: PTH123 - a descriptor
        return stream.read(MAX_RECORD_BYTES)
