"""A fresh copy of a project at one commit: from git alone, nothing of the working tree, no hook."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from release_tasks.errors import ConfigError, EnvironmentRefused
from release_tasks.system.disk import remove_tree

_LIMIT_S = 600.0
# Nobody's configuration: no hooks, no line endings of this machine, no filters, whoever owns the repository.
_PLAIN = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.autocrlf=false",
    "-c", "core.fsmonitor=false",
    "-c", "core.symlinks=true",
    "-c", "advice.detachedHead=false",
    "-c", "safe.directory=*",
    "-c", "protocol.file.allow=always",
)  # fmt: skip
_ENVIRONMENT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TERMINAL_PROMPT": "0"}


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


def checkout(repository: Path, commit: str, target: Path) -> None:
    """Check `commit` of `repository` out into the new folder `target`, a repository of its own.

    Objects are shared, not copied; nothing is fetched. Raises ConfigError when the repository has no such
    commit, EnvironmentRefused when git is missing or fails.
    """
    if shutil.which("git") is None:
        raise EnvironmentRefused(
            "a rebuild needs git", wanted="git on PATH", found="no such program", hint="install git"
        )
    if _git(repository, "cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
        raise ConfigError(
            f"this repository has no commit {commit[:12]}",
            wanted="the commit that the release was built from",
            found="no such commit",
            where=str(repository),
            hint="fetch it: git fetch --unshallow --tags, or run in a clone that has it",
        )
    _must(
        _git(
            repository,
            "clone",
            "--quiet",
            "--shared",
            "--no-checkout",
            "--no-tags",
            str(repository),
            str(target),
        ),
        repository,
    )
    _must(_git(target, "checkout", "--quiet", "--detach", commit), target)


def _git(folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {**_ENVIRONMENT, "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["git", *_PLAIN, *args], cwd=folder, env=env, capture_output=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentRefused(
            f"git did not answer: git {args[0]}", found=str(error), where=str(folder)
        ) from error


def _must(done: subprocess.CompletedProcess[bytes], folder: Path) -> None:
    if done.returncode:
        raise EnvironmentRefused(
            "git cannot check out the source",
            wanted="a fresh copy of the commit",
            found=done.stderr.decode("utf-8", "replace").strip()[:500] or f"exit code {done.returncode}",
            where=str(folder),
            hint="run 'git fsck' there",
        )
