"""What a worker is given and what it gives back, whether it runs here, in a sandbox or on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from release_tasks.records.frozen_record import frozen
from release_tasks.system.environment import NumericReport, Profile


@frozen
class UserCommand:
    """One command of the user, with everything substituted and every glob expanded.

    `argv[0] == "python"` means the running interpreter. `root` is the absolute project folder; `reads` and
    `writes` are files relative to it (POSIX). `outside` pairs the declared name (`NAME/path`) of a file
    beyond the root with its absolute path, at which the command sees it read-only; `shown` does the same at
    the relative name itself. With `answer` the command's stdout goes to that file. `pass_` names further
    variables that are let through. The command reads the bytes of `given` as its stdin. With `may_fail` an
    exit code other than 0 is a result as long as every write is there: a test suite that fails has measured.
    `staging` is a folder that does not exist yet, on the file system of the
    project: the worker creates it, the caller removes it with `cleanup` after publishing.
    """

    name: str
    argv: tuple[str, ...]
    root: Path
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    log: Path
    staging: Path
    outside: tuple[tuple[str, Path], ...] = ()
    shown: tuple[tuple[str, Path], ...] = ()
    answer: Path | None = None
    given: Path | None = None
    may_fail: bool = False
    seed: int | None = None
    profile: Profile = "none"
    pass_: tuple[str, ...] = ()
    network: bool = False
    timeout_s: float | None = None


@frozen
class CommandResult:
    """A command that ended well, or as it may; `produced` pairs every declared write with its staged file.

    `hermetic` says that undeclared reads and the network were out of reach; `not_enforced` says in sentences
    what was not. `varied` names what was other than in ordinary runs on purpose (records.variation), and
    `not_varied` what should have been and could not, each with the reason.
    """

    seconds: float
    exit_code: int
    hermetic: bool
    not_enforced: tuple[str, ...]
    numeric: NumericReport
    log: Path
    produced: tuple[tuple[str, Path], ...]
    varied: tuple[str, ...] = ()
    not_varied: tuple[tuple[str, str], ...] = ()


class Worker(Protocol):
    """A place where commands run."""

    def run(self, command: UserCommand) -> CommandResult:
        """Run `command` to its end and check what it wrote, without moving anything into the project.

        Raises CommandFailed (exit code, signal, time limit, missing or special writes, undeclared reads) and
        EnvironmentRefused (the machine or interpreter cannot give the numeric profile).
        """
        ...

    def cleanup(self, staging: Path) -> None:
        """Remove the staging folder of a command, published or failed."""
        ...
