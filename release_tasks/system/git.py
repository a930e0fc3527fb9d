"""What git knows of the project: its commit, whether the tree is clean, its tags. Nothing here writes."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from release_tasks.errors import EnvironmentRefused

_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: 40 hex digits and its committer time in seconds since 1970 (UTC)."""

    id: str
    time: int


def _git(root: Path, *args: str) -> str | None:
    """Run git in the project, never in the caller's folder; None when it says no."""
    if shutil.which("git") is None:
        return None
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env["GIT_OPTIONAL_LOCKS"] = "0"  # asking must not rewrite the index
    env["LC_ALL"] = "C"
    try:
        done = subprocess.run(
            ["git", *args], cwd=root, env=env, capture_output=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentRefused(
            f"git did not answer: git {' '.join(args)}",
            found=str(error),
            where=str(root),
            hint="check the repository and its disk",
        ) from error
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def head_commit(root: Path) -> Commit | None:
    """The commit that is checked out, or None without git, a repository or a first commit."""
    if _repository(root) is None:
        return None
    text = _git(root, "log", "-1", "--format=%H %ct")
    if text is None or not text.strip():
        return None
    commit, seconds = text.split()
    return Commit(commit, int(seconds))


def _repository(root: Path) -> Path | None:
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return folder
    return None


def changed_paths(root: Path) -> tuple[str, ...]:
    """Paths that git sees as changed or untracked (ignored ones excepted), relative to the repository."""
    text = _git(root, "status", "--porcelain", "-z", "--untracked-files=normal")
    return tuple(sorted(entry[3:] for entry in (text or "").split("\0") if len(entry) > 3))


def committed_bytes(root: Path, path: str) -> bytes | None:
    """The content of a file of the project as HEAD has it, or None when HEAD has no such file."""
    text = _git(root, "show", f"HEAD:./{path}")
    return None if text is None else text.encode("utf-8", "surrogateescape")


def tag_commit(root: Path, tag: str) -> str | None:
    """The commit that a tag names, peeled, or None when there is no such tag."""
    if _repository(root) is None:
        return None
    text = _git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
    return text.strip() if text else None


def tag_message(root: Path, tag: str) -> str:
    """The message of an annotated tag, empty for a lightweight one."""
    text = _git(root, "for-each-ref", f"refs/tags/{tag}", "--format=%(objecttype) %(contents)")
    return text.removeprefix("tag ") if text is not None and text.startswith("tag ") else ""


def tags_unknown(root: Path) -> bool:
    """Tell whether this clone may lack tags that exist elsewhere (shallow, or cloned without tags)."""
    if _repository(root) is None:
        return False
    shallow = _git(root, "rev-parse", "--is-shallow-repository")
    if shallow is not None and shallow.strip() == "true":
        return True
    no_tags = _git(root, "config", "--get-regexp", r"^remote\..*\.tagopt$")
    return no_tags is not None and "--no-tags" in no_tags
