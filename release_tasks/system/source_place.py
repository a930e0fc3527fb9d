"""A fresh copy of a project at one commit: from git alone, nothing of the working tree, no hook."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from release_tasks.errors import ConfigError, EnvironmentRefused
from release_tasks.records.frozen_record import frozen
from release_tasks.system.disk import remove_tree
from release_tasks.system.storage import storage_errors

_LIMIT_S = 600.0
# Nobody's configuration: no hooks, no line endings of this machine, no filters.
_PLAIN = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.autocrlf=false",
    "-c", "core.fsmonitor=false",
    "-c", "core.symlinks=true",
    "-c", "advice.detachedHead=false",
    "-c", "protocol.file.allow=always",
)  # fmt: skip
_LINK, _FILE = b"120000 ", b"100"  # modes of the index (gitformat-index(5))
# Whoever owns the repository: `clone` starts a second git, which reads this in a file only (git-config(1)).
_OWN_CONFIG = "[safe]\n\tdirectory = *\n"


def repository_of(folder: Path) -> Path | None:
    """The top folder of the repository around `folder`, None when there is none."""
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def fresh_place() -> Path:
    """A new folder of nobody else's in the system's folder for temporary files; the caller removes it."""
    return Path(tempfile.mkdtemp(prefix="reproduce-")).resolve()


def remove_place(place: Path) -> None:
    """Remove a place and everything in it, read-only files too."""
    remove_tree(place)


@frozen
class Borrowed:
    """A commit in a repository of its own, its files not yet written; `linked`: some are symbolic links."""

    folder: Path
    files: tuple[bytes, ...]
    linked: bool


def borrow(repository: Path, commit: str, target: Path) -> Borrowed:
    """Make the new folder `target` a repository of its own that holds `commit`, with no file in it yet.

    Objects are shared, not copied; nothing is fetched. A file `gitconfig` is left beside `target`. Raises
    ConfigError when the repository has no such commit, EnvironmentRefused when git is missing or fails,
    StorageError when the disk refuses.
    """
    if shutil.which("git") is None:
        raise EnvironmentRefused(
            "a rebuild needs git", wanted="git on PATH", found="no such program", hint="install git"
        )
    config = _config(target)
    with storage_errors(config):
        config.write_text(_OWN_CONFIG, "utf-8")
    if _git(repository, config, "cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
        raise ConfigError(
            f"this repository has no commit {commit[:12]}",
            wanted="the commit that the release was built from",
            found="no such commit",
            where=str(repository),
            hint="fetch it: git fetch --unshallow --tags, or run in a clone that has it",
        )
    clone = ("clone", "--quiet", "--shared", "--no-checkout", "--no-tags")
    _must(_git(repository, config, *clone, str(repository), str(target)), repository)
    _must(_git(target, config, "read-tree", commit), target)
    listed = _git(target, config, "ls-files", "--stage", "-z")
    _must(listed, target)
    entries = [entry.partition(b"\t") for entry in listed.stdout.split(b"\0") if entry]
    return Borrowed(
        folder=target,
        files=tuple(name for about, _, name in entries if about.startswith((_FILE, _LINK))),
        linked=any(about.startswith(_LINK) for about, _, _ in entries),
    )


def write_out(borrowed: Borrowed, choose: Callable[[str], bool]) -> None:
    """Write the files of a borrowed commit whose paths, from the top of the repository, are chosen.

    In a repository with symbolic links every file is written, for a link may lead to any. What is there
    already stays. Raises EnvironmentRefused when git fails or lacks an object.
    """
    root = os.fsencode(borrowed.folder)
    chosen = [
        name
        for name in borrowed.files
        if (borrowed.linked or choose(os.fsdecode(name))) and not os.path.lexists(root + b"/" + name)
    ]
    if chosen:
        asked = b"".join(name + b"\0" for name in chosen)
        config = _config(borrowed.folder)
        done = _git(borrowed.folder, config, "checkout-index", "-z", "--stdin", given=asked)
        _must(done, borrowed.folder)


def _config(target: Path) -> Path:
    return target.with_name("gitconfig")


def _git(
    folder: Path, config: Path, *args: str, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_SYSTEM": os.devnull}
    env |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["git", *_PLAIN, *args],
            cwd=folder,
            env=env,
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
            input=given,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentRefused(
            f"git did not answer: git {args[0]}", found=str(error), where=str(folder)
        ) from error


def _must(done: subprocess.CompletedProcess[bytes], folder: Path) -> None:
    if done.returncode:
        raise _refused(done, folder)


def _refused(done: subprocess.CompletedProcess[bytes], folder: Path) -> EnvironmentRefused:
    return EnvironmentRefused(
        "git cannot check out the source",
        wanted="a fresh copy of the commit",
        found=done.stderr.decode("utf-8", "replace").strip()[:500] or f"exit code {done.returncode}",
        where=str(folder),
        hint="run 'git fsck' in the repository",
    )
