from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.system import git as module
from release_tasks.system.git import (
    Commit,
    blob_id,
    blobs_of,
    changed_paths,
    committed_blobs,
    file_of,
    find_commit,
    head_commit,
    last_fetch,
    tag_commit,
    tag_message,
    tag_names,
    tags_unknown,
)
from release_tasks.system.state import StateDatabase

FAKE = "#!/bin/sh\necho \"$@\" >> '{log}'\nexec '{git}' \"$@\"\n"


def git(root: Path, *args: str, **env: str) -> str:
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *args],
        cwd=root,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(root: Path, text: str = "one", seconds: int = 1_000_000_000) -> str:
    (root / "file").write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", text, GIT_COMMITTER_DATE=f"{seconds} +0500", GIT_AUTHOR_DATE="900000000 +0000")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git on PATH that writes down what it is asked."""
    if sys.platform == "win32":
        pytest.skip("needs a shell script on PATH")
    real = shutil.which("git")
    folder, log = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    log.touch()
    (folder / "git").write_text(FAKE.format(log=log, git=real))
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


def test_the_commit_and_its_committer_time(root: Path) -> None:
    identity = commit(root)
    assert head_commit(root) == Commit(identity, 1_000_000_000)
    (root / "below").mkdir()
    assert head_commit(root / "below") == Commit(identity, 1_000_000_000)


def test_without_repository_or_first_commit_there_is_none(root: Path, tmp_path: Path) -> None:
    assert head_commit(root) is None
    alone = tmp_path / "alone"
    alone.mkdir()
    assert head_commit(alone) is None
    assert tag_commit(alone, "v1") is None
    assert not tags_unknown(alone)
    assert committed_blobs(alone, ["file"]) == {}


def test_without_git_on_path_nothing_is_known(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(root)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert head_commit(root) is None


def test_the_environment_of_a_hook_does_not_lead_elsewhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K1: git runs from the project; GIT_DIR of a hook names another repository."""
    identity = commit(root)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    commit(other, "two")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert head_commit(root) == Commit(identity, 1_000_000_000)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("detached", [False, True])
def test_a_commit_seen_before_starts_no_git(
    root: Path, calls: Path, tmp_path: Path, *, packed: bool, detached: bool
) -> None:
    identity = commit(root)
    if packed:
        git(root, "pack-refs", "--all")
    if detached:
        git(root, "checkout", "-q", "--detach")
    memory = StateDatabase(tmp_path / "m.sqlite")
    calls.write_text("")
    assert head_commit(root, memory) == Commit(identity, 1_000_000_000)
    assert calls.read_text() == "log -1 --format=%H %ct\n"
    assert head_commit(root, memory) == Commit(identity, 1_000_000_000)
    assert calls.read_text() == "log -1 --format=%H %ct\n"
    git(root, "checkout", "-q", "main")
    newer = commit(root, "two", 1_000_000_009)
    assert head_commit(root, memory) == Commit(newer, 1_000_000_009)


def test_what_git_sees_as_changed(root: Path) -> None:
    commit(root)
    assert changed_paths(root) == ()
    (root / ".gitignore").write_text("ignored\n")
    (root / "ignored").touch()
    (root / "new é").touch()
    (root / "file").write_text("changed")
    assert changed_paths(root) == (".gitignore", "file", "new é")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "two")
    git(root, "mv", "file", "moved")
    assert changed_paths(root) == ("file", "moved")


def test_a_status_that_fails_is_not_a_clean_tree(root: Path) -> None:
    """R14: the dirty flag is honest; a tree that nobody could look at is not clean."""
    commit(root)
    (root / ".git" / "index").write_bytes(b"garbage")
    with pytest.raises(EnvironmentRefused) as caught:
        changed_paths(root)
    assert caught.value.what == "git cannot tell whether the tree is clean"
    assert caught.value.where == str(root)


@pytest.mark.parametrize("data", [b"", b"text\n", b"a\r\nb\r\n", bytes(range(256)) * 20])
def test_a_blob_id_is_what_git_computes(root: Path, data: bytes) -> None:
    (root / "blob").write_bytes(data)
    assert blob_id(data) == git(root, "hash-object", "--no-filters", "blob")
    git(root, "-c", "core.autocrlf=false", "add", "blob")
    git(root, "commit", "-qm", "blob")
    assert committed_blobs(root, ["blob", "not there"]) == {"blob": blob_id(data)}
    (root / "blob").write_bytes(data + b"x")
    assert committed_blobs(root, ["blob"]) == {"blob": blob_id(data)}


def test_blobs_of_a_project_below_the_repository_are_named_from_the_project(root: Path) -> None:
    below = root / "sub" / "é"
    below.mkdir(parents=True)
    (below / "release.lock").write_bytes(b"lock")
    commit(root)
    assert committed_blobs(below, ["release.lock"]) == {"release.lock": blob_id(b"lock")}
    assert committed_blobs(root, ["sub/é/release.lock", "sub"]) == {"sub/é/release.lock": blob_id(b"lock")}


@pytest.mark.parametrize("annotated", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_a_tag_names_its_commit(root: Path, *, annotated: bool, packed: bool) -> None:
    identity = commit(root)
    git(root, "tag", *(("-a", "-m", "subject\n\nexact_root: x") if annotated else ()), "v1.0.0")
    if packed:
        git(root, "pack-refs", "--all")
        assert not (root / ".git" / "refs" / "tags" / "v1.0.0").exists()
    commit(root, "two")
    assert tag_commit(root, "v1.0.0") == identity
    assert tag_commit(root, "v1.0") is None
    assert tag_commit(root, "1.0.0") is None
    message = tag_message(root, "v1.0.0")
    assert message.splitlines()[:3] == (["subject", "", "exact_root: x"] if annotated else [])
    assert tag_message(root, "v9") == ""


def test_an_absent_tag_is_known_without_starting_git(root: Path, calls: Path) -> None:
    commit(root)
    git(root, "tag", "v1.0.0")
    git(root, "pack-refs", "--all")
    git(root, "tag", "v2.0.0")
    calls.write_text("")
    assert tag_commit(root, "v3.0.0") is None
    assert calls.read_text() == ""
    assert tag_commit(root, "v1.0.0") == tag_commit(root, "v2.0.0") == git(root, "rev-parse", "HEAD")
    assert calls.read_text().count("rev-parse") == 3


def test_a_worktree_sees_commits_and_tags(root: Path, tmp_path: Path) -> None:
    """In a worktree `.git` is a file, and the refs stand elsewhere: a tag must not be taken for absent."""
    first = commit(root)
    git(root, "tag", "v1.0.0")
    commit(root, "two")
    tree = tmp_path / "tree"
    git(root, "worktree", "add", "-q", "--detach", str(tree), first)
    memory = StateDatabase(tmp_path / "m.sqlite")
    for _ in range(2):
        assert head_commit(tree, memory) == Commit(first, 1_000_000_000)
    assert tag_commit(tree, "v1.0.0") == first
    assert tag_commit(tree, "v2.0.0") is None
    assert changed_paths(tree) == ()


def test_a_submodule_has_commits_and_tags_of_its_own(root: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "-b", "main")
    identity = commit(inner, "inner")
    git(inner, "tag", "v1.0.0")
    commit(root)
    git(root, "submodule", "add", "-q", str(inner), "module")
    git(root, "commit", "-qm", "module")
    below = root / "module"
    assert (below / ".git").is_file()
    assert head_commit(below) == Commit(identity, 1_000_000_000)
    assert tag_commit(below, "v1.0.0") == identity
    assert tag_commit(root, "v1.0.0") is None


def test_clones_that_may_lack_tags(root: Path, tmp_path: Path) -> None:
    commit(root)
    git(root, "tag", "v1.0.0")
    commit(root, "two")
    assert not tags_unknown(root)
    url = root.as_uri()
    for name, options in (("full", ()), ("bare of tags", ("--no-tags",)), ("shallow", ("--depth=1",))):
        git(tmp_path, "clone", "-q", *options, url, name)
        assert tags_unknown(tmp_path / name) is (name != "full")
        assert (tag_commit(tmp_path / name, "v1.0.0") is not None) == (name == "full")


def test_asking_writes_nothing(root: Path) -> None:
    """A status that refreshes the index would change files under other programs."""
    commit(root)
    index = root / ".git" / "index"
    (root / "file").touch()
    before = (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino)
    changed_paths(root)
    head_commit(root)
    assert (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino) == before


def test_a_git_that_does_not_answer_is_an_error(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(root)
    if sys.platform == "win32":
        pytest.skip("needs a shell script on PATH")
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\nexec sleep 30\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(module, "_LIMIT_S", 0.2)
    with pytest.raises(EnvironmentRefused) as caught:
        changed_paths(root)
    assert caught.value.what.startswith("git did not answer: git status")


def test_tags_are_read_without_starting_git_loose_and_packed(root: Path, calls: Path) -> None:
    assert tag_names(root) == ()
    commit(root)
    for tag in ("v1.0.0", "nested/name", "v0.9.0"):
        git(root, "tag", tag)
    git(root, "pack-refs", "--all")
    git(root, "tag", "-a", "-m", "later", "v1.1.0")
    git(root, "branch", "v9.9.9")
    calls.write_text("")
    assert tag_names(root) == ("nested/name", "v0.9.0", "v1.0.0", "v1.1.0")
    assert tag_names(root.parent) == ()
    assert calls.read_text() == ""


def test_tags_of_a_worktree_are_asked_of_git(root: Path, tmp_path: Path) -> None:
    commit(root)
    git(root, "tag", "v1.0.0")
    git(root, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert tag_names(tmp_path / "tree") == ("v1.0.0",)
    assert last_fetch(tmp_path / "tree") == "never"


def test_whether_a_clone_may_lack_tags_costs_nothing_where_it_came_from_nowhere(
    root: Path, calls: Path
) -> None:
    commit(root)
    calls.write_text("")
    assert not tags_unknown(root)
    assert calls.read_text() == ""


def test_a_past_commit_and_its_files(root: Path) -> None:
    """Imported evidence names a commit, often abbreviated."""
    (root / "sub").mkdir()
    (root / "sub" / "näme with\ttab").write_text("deep")
    first = commit(root, "one")
    commit(root, "two")
    assert find_commit(root, first) == find_commit(root, first[:7]) == first
    assert find_commit(root, "f" * 40) is None
    assert find_commit(root.parent, first) is None
    assert blobs_of(root, first) == {"file": blob_id(b"one"), "sub/näme with\ttab": blob_id(b"deep")}
    assert blobs_of(root / "sub", first) == {"näme with\ttab": blob_id(b"deep")}
    assert (file_of(root, first, "file"), file_of(root / "sub", first, "file")) == (b"one", None)


def test_a_commit_that_cannot_be_listed_is_an_error(root: Path) -> None:
    commit(root)
    with pytest.raises(EnvironmentRefused, match="git cannot list the files of a commit"):
        blobs_of(root, "f" * 40)


def test_a_fetch_leaves_a_trace(root: Path, tmp_path: Path) -> None:
    assert last_fetch(tmp_path) == "no repository"
    commit(root)
    assert last_fetch(root) == "never"
    git(tmp_path, "clone", "-q", root.as_uri(), "clone")
    git(tmp_path / "clone", "fetch", "-q")
    assert last_fetch(tmp_path / "clone").isdigit()
