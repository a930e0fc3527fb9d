"""What git knows of the project: its commit, whether the tree is clean, its tags. Nothing here writes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
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


def committed_blobs(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """The blob ids that HEAD has for files of the project; one that HEAD has not is left out."""
    text = _git(root, "ls-tree", "-z", "HEAD", "--", *paths) if _repository(root) else None
    found = {}
    for entry in (text or "").split("\0"):
        description, tab, path = entry.partition("\t")
        if tab and description.split(" ")[1] == "blob":
            found[path] = description.split(" ")[2]
    return found


def blob_id(data: bytes) -> str:
    """The id that git gives to a file's content as it is (SHA-1 object format)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _may_have_tag(git: Path, tag: str) -> bool:
    """Tell without starting git that a tag is absent; False only where loose and packed refs show it."""
    if not git.is_dir() or (git / "reftable").exists() or (git / "commondir").exists():
        return True  # a worktree, a submodule or another way to keep refs: git itself must say
    if (git / "refs" / "tags" / tag).exists():
        return True
    try:
        return f"refs/tags/{tag}\n" in (git / "packed-refs").read_text("utf-8", "replace")
    except OSError:
        return False


def tag_commit(root: Path, tag: str) -> str | None:
    """The commit that a tag names, peeled, or None when there is no such tag."""
    repository = _repository(root)
    if repository is None or not _may_have_tag(repository / ".git", tag):
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
