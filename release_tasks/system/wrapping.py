"""The words before a command line that change its surroundings, where the environment alone cannot.

What is mounted is mounted in a mount namespace of the command alone: it is gone with the command's last
process, however that ends, and nobody else ever sees it.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from release_tasks.system.surroundings import ORDINARY, Surroundings

_SHELL_NOISE = ("_", "SHLVL", "OLDPWD")  # what a shell adds to the environment of what it starts


def inner_words(surroundings: Surroundings) -> list[str]:
    """What stands directly before the command, in the sandbox or without one."""
    cpus = ",".join(map(str, surroundings.affinity))
    return [*(("taskset", "-c", cpus) if cpus else ()), *surroundings.wrapper]


def outer_words(surroundings: Surroundings, *, boxed: bool, work: Path, mirror: Path) -> list[str]:
    """What stands before the sandbox, or where there is none before the inner words; often nothing.

    With another order of folders the whole file system is mirrored at the empty folder `mirror`, by a
    disorderfs that its starter has to end (`process.run_child` guarded); a command without a sandbox then
    finds `work`, where it starts, mirrored in place.
    """
    root = os.geteuid() == 0
    kinds: list[str] = []
    before: list[list[str]] = []
    if not boxed and surroundings.hostname != ORDINARY.hostname:
        kinds.append("--uts")
        before.append(["hostname", surroundings.hostname])
    own_memory = not boxed and surroundings.own_shared_memory
    if surroundings.directory_order or own_memory:
        kinds.append("--mount")
    if own_memory:
        before.append(["mount", "-t", "tmpfs", "tmpfs", "/dev/shm"])  # noqa: S108 - the place, not a file
    if surroundings.directory_order:
        before.append(["disorderfs", "-q", *surroundings.directory_order, "/", str(mirror)])
    words: list[str] = []
    if kinds:
        words = ["unshare", *(() if root else ("--user", "--map-root-user")), *kinds, "--", *_after(before)]
    if not boxed and surroundings.directory_order:
        # In a second namespace: disorderfs must not meet its own mirror where it looks for the original.
        place = str(work.resolve())
        words += ["unshare", "--mount", "--"]
        words += _after([["mount", "--bind", f"{mirror.resolve()}{place}", place], ["cd", place]])
    if not boxed and kinds:
        words += ["env", *(f"--unset={name}" for name in _SHELL_NOISE)]
    other = surroundings.uid != ORDINARY.uid
    if not boxed and (other or (kinds and not root)):
        uid, gid = (surroundings.uid, surroundings.gid) if other else (os.getuid(), os.getgid())
        words += ["unshare", "--user", f"--map-user={uid}", f"--map-group={gid}", "--"]
    return words


def _after(before: list[list[str]]) -> list[str]:
    """The words of a shell that runs some commands and, when all succeeded, becomes what follows."""
    return ["sh", "-c", " && ".join((*map(shlex.join, before), 'exec "$@"')), "sh"]
