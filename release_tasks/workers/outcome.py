"""What is told of a command that ended: the numeric report, its outputs, the end of its log, a hint."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from release_tasks.errors import CommandFailed, EnvironmentRefused
from release_tasks.system.environment import NumericReport, libc_name
from release_tasks.system.process import ChildExit, signal_name
from release_tasks.workers.protocol import UserCommand

_LOG_LINES = 15
_LOG_TAIL_BYTES = 16384


def numeric_report(command: UserCommand, path: Path) -> NumericReport:
    """The report of the probe; raises EnvironmentRefused when it saw another arithmetic than was pinned."""
    status: Literal["asserted", "not-applicable"] = (
        "not-applicable" if command.profile == "none" else "asserted"
    )
    try:
        seen: Mapping[str, object] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return NumericReport(profile=command.profile, status=status, libc=libc_name())
    mismatch = seen.get("mismatch")
    if isinstance(mismatch, dict):
        raise EnvironmentRefused(
            f"step {command.name} does not run under the numeric profile {command.profile}",
            wanted=str(mismatch["wanted"]),
            found=str(mismatch["found"]),
            where=str(command.log),
            hint="leave threads and CPU features alone; [environment] numeric names the profile",
        )
    threads, features = seen["threads"], seen["features"]
    by_effect = command.profile != "none" and seen["openblas"] is True
    return NumericReport(
        profile=command.profile,
        status="checked" if by_effect else status,
        architecture=None if seen["architecture"] is None else str(seen["architecture"]),
        threads=threads if isinstance(threads, int) else None,
        numpy=str(seen["numpy"]),
        features=tuple(str(name) for name in features) if isinstance(features, list) else (),
        libc=libc_name() if seen["libc"] is None else str(seen["libc"]),
    )


def staged_file(command: UserCommand, work: Path, path: str) -> Path:
    """The staged file of a declared write; raises CommandFailed for anything but a plain file."""
    target = work / path
    for folder in target.relative_to(work).parents:
        if (work / folder).is_symlink():
            raise CommandFailed(
                f"step {command.name} wrote {path} through a link",
                wanted="plain folders",
                found=f"{folder.as_posix()} is a symbolic link",
                where=str(command.log),
            )
    found = target.lstat()
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        return target
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISREG, "a hard link"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    raise CommandFailed(
        f"step {command.name} wrote {path} as something else than a file",
        wanted="a regular file with no other name",
        found=next((name for test, name in kinds if test(found.st_mode)), "a device"),
        where=str(command.log),
        hint="write a copy; `writes` names files one by one",
    )


def usual_mode(path: Path) -> None:
    """Give a file the mode that it would have under the umask 022, as far as its owner's bits tell.

    A command under another umask must not publish files that others cannot read, or may write.
    """
    asked = stat.S_IMODE(path.lstat().st_mode) & 0o700
    path.chmod(asked | (asked & 0o500) >> 3 | (asked & 0o500) >> 6)


def log_tail(log: Path, start: int) -> str:
    """The last lines that were written to `log` after its first `start` bytes."""
    size = log.stat().st_size
    with log.open("rb") as stream:
        stream.seek(max(start, size - _LOG_TAIL_BYTES))
        lines = stream.read().decode("utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LOG_LINES:]) or "no output"


def hint_of(ended: ChildExit) -> str:
    """What to look at after such an end."""
    if ended.timed_out:
        return "raise the time limit of the step, or look in the log where it waited"
    if ended.code < 0 and signal_name(-ended.code) == "SIGKILL":
        return "the system may have been out of memory; the whole output is in the log"
    if ended.code < 0 and signal_name(-ended.code) == "SIGILL":
        return "the CPU lacks an instruction that the numeric profile asks for; see [environment] numeric"
    return "the whole output is in the log"
