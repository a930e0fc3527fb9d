"""What git knows of the project: its commit, whether the tree is clean, its tags. Nothing here writes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Container, Sequence
from pathlib import Path

from release_tasks.errors import EnvironmentRefused
from release_tasks.records.frozen_record import frozen_positional
from release_tasks.system.state import StateDatabase

_LIMIT_S = 30.0
_ID_DIGITS = 40  # SHA-1 object format; for any other git itself is asked


@frozen_positional
class Commit:
    """A commit: 40 hex digits and its committer time in seconds since 1970 (UTC)."""

    id: str
    time: int


def git_environment(keep: Container[str] = ()) -> dict[str, str]:
    """The environment for git: of the caller's `GIT_*` only `keep`, so that none names another repository."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in keep}
    env["GIT_OPTIONAL_LOCKS"] = "0"  # asking must not rewrite the index
    env["GIT_NO_REPLACE_OBJECTS"] = "1"  # a commit is what its id says
    env["LC_ALL"] = "C"
    return env


def _git(root: Path, *args: str) -> str | None:
    """Run git in the project, never in the caller's folder; None when it says no."""
    if shutil.which("git") is None:
        return None
    try:
        done = subprocess.run(
            ["git", *args],
            cwd=root,
            env=git_environment(),
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentRefused(
            f"git did not answer: git {' '.join(args)}",
            found=str(error),
            where=str(root),
            hint="check the repository and its disk",
        ) from error
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def head_commit(root: Path, memory: StateDatabase | None = None) -> Commit | None:
    """The commit that is checked out, or None without git, a repository or a first commit.

    With `memory` the time of a commit seen before is looked up there instead of starting git. A database may
    lie, so only checks that spare work may pass one.
    """
    if _repository(root) is None:
        return None
    if memory is not None and (known := head_id(root)) is not None:
        remembered = memory.get(f"commit/{known}")
        if remembered is not None and remembered.isdigit():
            return Commit(known, int(remembered))
    text = _git(root, "log", "-1", "--format=%H %ct")
    if text is None or not text.strip():
        return None
    commit, seconds = text.split()
    if memory is not None:
        memory.put([(f"commit/{commit}", seconds)])
    return Commit(commit, int(seconds))


def head_id(root: Path) -> str | None:
    """The id of the commit that is checked out; plain refs are read without starting git (2 ms each time)."""
    repository = _repository(root)
    if repository is None:
        return None
    found = _read_head(repository / ".git")
    if found is None:
        text = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        found = text.strip() if text else None
    return found


def _read_head(git: Path) -> str | None:
    """HEAD by gitrepository-layout(5); None wherever only git itself can tell."""
    if not _plain_refs(git):
        return None
    try:
        text = (git / "HEAD").read_text("ascii").strip()
        if text.startswith("ref: refs/"):
            name = text.removeprefix("ref: ")
            if (git / name).is_file():
                text = (git / name).read_text("ascii").strip()
            else:
                lines = (git / "packed-refs").read_text("utf-8", "replace").splitlines()
                text = next((line[:_ID_DIGITS] for line in lines if line[_ID_DIGITS:] == f" {name}"), "")
    except (OSError, ValueError):
        return None
    return text if len(text) == _ID_DIGITS and set(text) <= set("0123456789abcdef") else None


def _plain_refs(git: Path) -> bool:
    """Whether refs are files below `git`: not in a worktree, a submodule or another way to keep refs."""
    return git.is_dir() and not (git / "reftable").exists() and not (git / "commondir").exists()


def _repository(root: Path) -> Path | None:
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return folder
    return None


def changed_paths(root: Path) -> tuple[str, ...]:
    """Paths that git sees as changed or untracked (ignored ones excepted), relative to the repository.

    Raises EnvironmentRefused when git cannot tell: a tree that nobody looked at is not a clean one.
    """
    text = _git(root, "status", "--porcelain", "-z", "--untracked-files=normal", "--no-renames")
    if text is None:
        raise EnvironmentRefused(
            "git cannot tell whether the tree is clean",
            wanted="an answer of git status",
            found="an error",
            where=str(root),
            hint="run 'git status' there and mend what it says",
        )
    return tuple(sorted(entry[3:] for entry in text.split("\0") if entry))


def committed_blobs(root: Path, paths: Sequence[str], memory: StateDatabase | None = None) -> dict[str, str]:
    """The blob ids that HEAD has for files of the project; one that HEAD has not is left out.

    With `memory`, what was asked of this commit before is not asked again (see `head_commit`).
    """
    row = f"blobs/{head_id(root)}/{' '.join(paths)}" if memory is not None else ""
    text = memory.get(row) if memory is not None else None
    if text is None:
        text = _git(root, "ls-tree", "-z", "HEAD", "--", *paths) if _repository(root) else None
        if memory is not None and text is not None:
            memory.put([(row, text)])
    found = {}
    for entry in (text or "").split("\0"):
        description, tab, path = entry.partition("\t")
        if tab and description.split(" ")[1] == "blob":
            found[path] = description.split(" ")[2]
    return found


def find_commit(root: Path, name: str) -> str | None:
    """The commit of the repository that hex digits name, in full or their first 7 at least; None for none."""
    if _repository(root) is None:
        return None
    text = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return text.strip() if text else None


def object_type(root: Path, name: str) -> str | None:
    """`commit`, `tag`, `tree` or `blob`; None when the repository has no such object."""
    text = _git(root, "cat-file", "-t", name)
    return text.strip() if text else None


def hooks_folder(root: Path) -> Path | None:
    """Where git looks for its hooks (`core.hooksPath` counts); None outside a repository."""
    text = _git(root, "rev-parse", "--git-path", "hooks") if _repository(root) else None
    return root / text.rstrip("\n") if text else None


def commit_time(root: Path, commit: str) -> int:
    """The committer time of a commit of the repository, in seconds since 1970; raises EnvironmentRefused."""
    text = _git(root, "show", "--no-patch", "--format=%ct", "--end-of-options", f"{commit}^{{commit}}")
    if text is None or not text.strip().isdigit():
        raise EnvironmentRefused(
            "git does not tell when a commit was made",
            found=commit,
            where=str(root),
            hint="run 'git fsck' there",
        )
    return int(text)


def blobs_of(root: Path, commit: str) -> dict[str, str]:
    """The blob ids of a commit's files of the project, by path; raises EnvironmentRefused if git fails."""
    text = _git(root, "ls-tree", "-r", "-z", commit)
    if text is None:
        raise EnvironmentRefused(
            "git cannot list the files of a commit",
            found=commit,
            where=str(root),
            hint="run 'git fsck' there",
        )
    entries = (entry.partition("\t") for entry in text.split("\0"))
    return {path: description.split(" ")[2] for description, tab, path in entries if tab}


def file_of(root: Path, commit: str, path: str) -> bytes | None:
    """The bytes of a file of the project in a commit, None when the commit has it not."""
    text = _git(root, "cat-file", "blob", f"{commit}:./{path}")
    return None if text is None else text.encode("utf-8", "surrogateescape")


def last_fetch(root: Path) -> str:
    """A word that changes whenever commits may have come from elsewhere, found without starting git."""
    repository = _repository(root)
    if repository is None:
        return "no repository"
    git = repository / ".git"
    if not _plain_refs(git):
        found = _git(root, "rev-parse", "--git-path", "FETCH_HEAD")
        marker = root / (found or "").strip()
    else:
        marker = git / "FETCH_HEAD"
    return str(marker.stat().st_mtime_ns) if marker.is_file() else "never"


def blob_id(data: bytes) -> str:
    """The id that git gives to a file's content as it is (SHA-1 object format)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _may_have_tag(git: Path, tag: str) -> bool:
    """Tell without starting git that a tag is absent; False only where loose and packed refs show it."""
    if not _plain_refs(git):
        return True  # git itself must say
    if (git / "refs" / "tags" / tag).exists():
        return True
    try:
        return f"refs/tags/{tag}\n" in (git / "packed-refs").read_text("utf-8", "replace")
    except OSError:
        return False


def tag_names(root: Path) -> tuple[str, ...]:
    """The names of all tags, sorted; plain refs are read without starting git."""
    repository = _repository(root)
    if repository is None:
        return ()
    git = repository / ".git"
    if not _plain_refs(git):
        text = _git(root, "for-each-ref", "--format=%(refname:strip=2)", "refs/tags")
        return tuple(sorted((text or "").splitlines()))
    folder = git / "refs" / "tags"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    packed = git / "packed-refs"
    for line in packed.read_text("utf-8", "replace").splitlines() if packed.is_file() else ():
        _, marker, name = line.partition(" refs/tags/")
        if marker:
            found.add(name)
    return tuple(sorted(found))


def tag_commit(root: Path, tag: str) -> str | None:
    """The commit that a tag names, peeled, or None when there is no such tag.

    Raises EnvironmentRefused when there is one that git cannot follow to a commit, or git cannot be asked: a
    tag that nobody could read is not one that is not there, and the version may be sealed by it.
    """
    repository = _repository(root)
    if repository is None or not _may_have_tag(repository / ".git", tag):
        return None
    text = _git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
    if text is None and not _lacks_tag(root, repository / ".git", tag):
        raise EnvironmentRefused(
            f"git cannot tell what the tag {tag} is",
            wanted="a tag of a commit, and a git that may read this repository",
            found=_complaint(root, "rev-parse", "--verify", f"refs/tags/{tag}^{{commit}}"),
            where=str(root),
            hint="the version may be sealed by it: mend what git says, then run again",
        )
    return text.strip() if text else None


def _lacks_tag(root: Path, git: Path, tag: str) -> bool:
    """Whether git says that there is no such tag; where refs are plain files, one has been seen already."""
    return not _plain_refs(git) and _git(root, "for-each-ref", f"refs/tags/{tag}") == ""


def _complaint(root: Path, *args: str) -> str:
    """What git says when it refuses, on one line."""
    if shutil.which("git") is None:
        return "there is no git on the search path"
    done = subprocess.run(
        ["git", *args], cwd=root, env=git_environment(), capture_output=True, timeout=_LIMIT_S, check=False
    )
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return re.sub("^(?:fatal|error|warning): ", "", said[0]) if said else "an error without a word"


def in_repository(root: Path) -> bool:
    """Whether the folder lies in a repository, found without starting git."""
    return _repository(root) is not None


def tag_id(root: Path, tag: str) -> str | None:
    """The id of what a tag names, of the tag object where it is annotated; found without starting git.

    None where there is no such tag; where only git itself can tell, the commit.
    """
    repository = _repository(root)
    if repository is None:
        return None
    git = repository / ".git"
    if not _plain_refs(git):
        return tag_commit(root, tag)
    loose, packed = git / "refs" / "tags" / tag, git / "packed-refs"
    if loose.is_file():
        return loose.read_text("ascii", "replace").strip()
    lines = packed.read_text("utf-8", "replace").splitlines() if packed.is_file() else []
    return next((line[:_ID_DIGITS] for line in lines if line[_ID_DIGITS:] == f" refs/tags/{tag}"), None)


@frozen_positional
class LoggedCommit:
    """A commit of the history: 40 hex digits, how many parents it has, and its whole message."""

    id: str
    parents: int
    message: str


def commits_since(root: Path, tag: str | None) -> tuple[LoggedCommit, ...] | None:
    """Every commit that HEAD has and the tag has not, newest first; without a tag all that HEAD has.

    None where the history is not whole: in a shallow clone, and where git cannot tell. Bytes of a message
    that are not UTF-8 become U+FFFD.
    """
    if _repository(root) is None:
        return None
    shallow = _git(root, "rev-parse", "--is-shallow-repository")
    if shallow is None or shallow.strip() != "false":
        return None
    span = ["HEAD"] if tag is None else ["HEAD", f"^refs/tags/{tag}"]
    text = _git(root, "log", "--topo-order", "-z", "--encoding=UTF-8", "--format=%H %P%n%B", *span, "--")
    if text is None:
        return None
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    found = []
    for entry in whole.split("\0"):
        ids, newline, message = entry.partition("\n")
        if newline:
            commit, *parents = ids.split()
            found.append(LoggedCommit(commit, len(parents), message))
    return tuple(found)


def tag_message(root: Path, tag: str) -> str:
    """The message of an annotated tag, empty for a lightweight one."""
    text = _git(root, "for-each-ref", f"refs/tags/{tag}", "--format=%(objecttype) %(contents)")
    return text.removeprefix("tag ") if text is not None and text.startswith("tag ") else ""


def tags_unknown(root: Path) -> bool:
    """Tell whether this clone may lack tags that exist elsewhere (shallow, or cloned without tags)."""
    repository = _repository(root)
    if repository is None:
        return False
    git = repository / ".git"
    if not _plain_refs(git):
        shallow = _git(root, "rev-parse", "--is-shallow-repository")
        if shallow is not None and shallow.strip() == "true":
            return True
    elif (git / "shallow").exists():
        return True
    elif '[remote "' not in (git / "config").read_text("utf-8", "replace"):
        return False  # it came from nowhere
    no_tags = _git(root, "config", "--get-regexp", r"^remote\..*\.tagopt$")
    return no_tags is not None and "--no-tags" in no_tags
