"""A fresh copy of a commit is what git holds and nothing else: no working tree, hook, filter or configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from release_tasks.errors import ConfigError, EnvironmentRefused
from release_tasks.system.source_place import borrow, fresh_place, remove_place, repository_of, write_out

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n".format("1" * 64)
TRAP = "#!/bin/sh\ntouch '{}'\n"


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file outside .git."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return start(tmp_path / "project")


def start(root: Path, *options: str) -> Path:
    root.mkdir()
    git(root, "init", "-q", "-b", "main", *options)
    (root / "train.py").write_bytes(b"print(1)\n")
    (root / "data").mkdir()
    (root / "data" / "a.txt").write_bytes(b"alpha\r\nbeta\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


FILES = {"train.py": b"print(1)\n", "data/a.txt": b"alpha\r\nbeta\n"}


def checkout(repository: Path, commit: str, target: Path) -> None:
    """A copy of every file of a commit."""
    write_out(borrow(repository, commit, target), lambda _path: True)


def head(repository: Path) -> str:
    return git(repository, "rev-parse", "HEAD")


def test_a_place_is_of_nobody_else_and_leaves_nothing() -> None:
    one, other = fresh_place(), fresh_place()
    try:
        assert one != other
        assert one == one.resolve()
        assert (one.stat().st_mode & 0o777, list(one.iterdir())) == (0o700, [])
        (one / "a").mkdir()
        (one / "a" / "b").write_bytes(b"")
        (one / "a" / "b").chmod(0o400)
        (one / "a").chmod(0o500)
    finally:
        remove_place(one)
        remove_place(other)
    assert not one.exists()
    assert not other.exists()


def test_the_repository_is_the_nearest_folder_with_git(repository: Path) -> None:
    inner = repository / "models" / "tiny"
    inner.mkdir(parents=True)
    assert repository_of(repository) == repository
    assert repository_of(inner) == repository
    (inner.parent / ".git").write_text("gitdir: elsewhere\n")
    assert repository_of(inner) == inner.parent


def test_no_repository_is_none() -> None:
    assert repository_of(Path("/")) is None


def test_the_copy_is_the_commit_and_nothing_of_the_working_tree(repository: Path, tmp_path: Path) -> None:
    commit = head(repository)
    (repository / "train.py").write_bytes(b"print(2)\n")
    git(repository, "add", "train.py")
    (repository / "train.py").write_bytes(b"print(3)\n")
    (repository / "untracked").write_bytes(b"")
    (repository / "data" / "a.txt").unlink()
    before = files_of(repository), sorted((repository / ".git").rglob("*"))
    checkout(repository, commit, tmp_path / "copy")
    assert files_of(tmp_path / "copy") == FILES
    assert git(tmp_path / "copy", "status", "--porcelain") == ""
    assert (files_of(repository), sorted((repository / ".git").rglob("*"))) == before


def test_names_are_bytes_that_mean_nothing_to_git(repository: Path, tmp_path: Path) -> None:
    names = ("new\nline", "--force", "ä\t", "a b", "-z", ":(top)x")
    for name in names:
        (repository / name).write_bytes(name.encode())
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "names")
    checkout(repository, head(repository), tmp_path / "copy")
    assert files_of(tmp_path / "copy") == {**FILES, **{name: name.encode() for name in names}}


def test_an_earlier_commit_that_no_branch_names_any_more_is_there(repository: Path, tmp_path: Path) -> None:
    commit = head(repository)
    (repository / "train.py").write_bytes(b"print(2)\n")
    git(repository, "commit", "-q", "--amend", "-a", "-m", "another first")
    checkout(repository, commit, tmp_path / "copy")
    assert files_of(tmp_path / "copy") == FILES


def test_modes_and_links_are_those_of_the_commit(repository: Path, tmp_path: Path) -> None:
    (repository / "run.sh").write_bytes(b"#!/bin/sh\n")
    (repository / "run.sh").chmod(0o755)
    (repository / "link").symlink_to("train.py")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "modes")
    git(repository, "config", "core.fileMode", "false")
    git(repository, "config", "core.symlinks", "false")
    checkout(repository, head(repository), tmp_path / "copy")
    assert os.access(tmp_path / "copy" / "run.sh", os.X_OK)
    assert (tmp_path / "copy" / "link").readlink() == Path("train.py")


def test_no_hook_runs(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one of the repository, nor one that the user's configuration or template brings."""
    trapped = tmp_path / "trapped"
    folders = repository / ".git" / "hooks", tmp_path / "hooks", tmp_path / "template" / "hooks"
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("post-checkout", "post-index-change", "reference-transaction"):
            (folder / name).write_text(TRAP.format(trapped))
            (folder / name).chmod(0o755)
    git(repository, "config", "core.hooksPath", str(folders[1]))
    own = tmp_path / "gitconfig"
    own.write_text(f"[core]\nhooksPath = {folders[1]}\n[init]\ntemplateDir = {tmp_path / 'template'}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(own))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    trapped.unlink(missing_ok=True)
    checkout(repository, head(repository), tmp_path / "copy")
    assert files_of(tmp_path / "copy") == FILES
    assert not trapped.exists()


def test_no_configuration_of_this_machine_changes_a_byte(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line endings, attributes and filters of the user, of the repository's own configuration, of variables."""
    (repository / ".gitattributes").write_text("train.py filter=evil\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "attributes")
    attributes = tmp_path / "attributes"
    attributes.write_text("*.txt text eol=crlf\n*.py ident\n")
    text = (
        f"[core]\nautocrlf = true\neol = crlf\nattributesFile = {attributes}\n"
        '[filter "evil"]\nsmudge = sed s/1/666/\nrequired = true\n'
    )
    (tmp_path / "gitconfig").write_text(text)
    with (repository / ".git" / "config").open("a") as config:
        config.write(text)
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("*.txt text eol=crlf\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for number, (name, value) in enumerate((("core.autocrlf", "true"), ("core.eol", "crlf"))):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    checkout(repository, head(repository), tmp_path / "copy")
    assert files_of(tmp_path / "copy") == {**FILES, ".gitattributes": b"train.py filter=evil\n"}


def test_variables_of_git_lead_nowhere_else(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = start(tmp_path / "other")
    (other / "train.py").write_bytes(b"print('other')\n")
    git(other, "commit", "-q", "-a", "-m", "other")
    commit = head(repository)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git" / "objects"))
    checkout(repository, commit, tmp_path / "copy")
    assert files_of(tmp_path / "copy") == FILES


def test_neither_a_branch_of_that_name_nor_a_replacement_stands_for_the_commit(
    repository: Path, tmp_path: Path
) -> None:
    commit = head(repository)
    (repository / "train.py").write_bytes(b"print(2)\n")
    git(repository, "commit", "-q", "-a", "-m", "second")
    git(repository, "update-ref", f"refs/heads/{commit}", head(repository))
    git(repository, "replace", commit, head(repository))
    checkout(repository, commit, tmp_path / "copy")
    assert files_of(tmp_path / "copy") == FILES


def test_submodules_and_pointers_of_lfs_are_left_as_they_are(repository: Path, tmp_path: Path) -> None:
    inner = start(tmp_path / "inner")
    git(repository, "submodule", "add", "-q", str(inner), "third_party")
    (repository / "model.bin").write_text(POINTER)
    (repository / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "large")
    checkout(repository, head(repository), tmp_path / "copy")
    assert (tmp_path / "copy" / "model.bin").read_text() == POINTER
    assert not (tmp_path / "copy" / "third_party").exists()


@pytest.mark.parametrize("options", [(), ("--branch", "v1")], ids=["branch", "tag"])
def test_a_shallow_clone_has_the_commits_that_it_has(
    repository: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    old = head(repository)
    (repository / "train.py").write_bytes(b"print(2)\n")
    git(repository, "commit", "-q", "-a", "-m", "second")
    git(repository, "tag", "v1")
    git(tmp_path, "clone", "-q", "--depth", "1", *options, repository.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    checkout(shallow, head(repository), tmp_path / "copy")
    assert files_of(tmp_path / "copy") == {**FILES, "train.py": b"print(2)\n"}
    with pytest.raises(ConfigError) as caught:
        checkout(shallow, old, tmp_path / "never")
    assert str(caught.value) == (
        f"this repository has no commit {old[:12]}\n"
        "  wanted: the commit that the release was built from\n"
        "  found:  no such commit\n"
        f"  where:  {shallow}\n"
        "  hint:   fetch it: git fetch --unshallow --tags, or run in a clone that has it"
    )
    assert not (tmp_path / "never").exists()


def test_a_linked_worktree_and_a_clone_that_borrows_objects_have_it_too(
    repository: Path, tmp_path: Path
) -> None:
    commit = head(repository)
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    git(tmp_path, "clone", "-q", "--shared", str(repository), "borrower")
    for number, folder in enumerate(("tree", "borrower")):
        checkout(tmp_path / folder, commit, tmp_path / f"copy{number}")
        assert files_of(tmp_path / f"copy{number}") == FILES


def test_a_repository_of_sha256_objects(tmp_path: Path) -> None:
    repository = start(tmp_path / "project", "--object-format=sha256")
    commit = head(repository)
    assert len(commit) == 64
    checkout(repository, commit, tmp_path / "copy")
    assert files_of(tmp_path / "copy") == FILES


@pytest.mark.parametrize("kind", ["tree", "blob", "unknown"])
def test_only_a_commit_is_one(repository: Path, tmp_path: Path, kind: str) -> None:
    known = {"tree": "HEAD^{tree}", "blob": "HEAD:train.py"}
    name = git(repository, "rev-parse", known[kind]) if kind in known else "0" * 40
    with pytest.raises(ConfigError, match=f"^this repository has no commit {name[:12]}\n"):
        checkout(repository, name, tmp_path / "copy")


def test_a_damaged_repository_is_said_with_the_words_of_git(repository: Path, tmp_path: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD:train.py")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(EnvironmentRefused) as caught:
        checkout(repository, head(repository), tmp_path / "copy")
    error = caught.value
    assert (error.what, error.wanted) == ("git cannot check out the source", "a fresh copy of the commit")
    assert blob in str(error.found)
    assert (error.where, error.hint) == (str(tmp_path / "copy"), "run 'git fsck' in the repository")


def test_without_git_there_is_no_source(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = head(repository)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentRefused) as caught:
        checkout(repository, commit, tmp_path / "copy")
    assert str(caught.value) == (
        "a rebuild needs git\n  wanted: git on PATH\n  found:  no such program\n  hint:   install git"
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user_is_read(repository: Path, tmp_path: Path) -> None:
    commit = head(repository)
    for path in (repository, *repository.rglob("*")):
        shutil.chown(path, 12345, 12345)
    checkout(repository, commit, tmp_path / "copy")
    assert files_of(tmp_path / "copy") == FILES


def test_only_what_is_chosen_is_written_and_what_is_there_stays(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    borrowed = borrow(repository, head(repository), target)
    assert files_of(target) == {}
    write_out(borrowed, "train.py".__eq__)
    assert files_of(target) == {"train.py": FILES["train.py"]}
    (target / "train.py").write_bytes(b"mine\n")
    write_out(borrowed, lambda _path: True)
    assert files_of(target) == {**FILES, "train.py": b"mine\n"}


def test_a_link_of_the_repository_may_lead_to_any_file_so_all_are_written(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "link.txt").symlink_to("data/a.txt")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a link")
    write_out(borrow(repository, head(repository), tmp_path / "copy"), "link.txt".__eq__)
    assert (tmp_path / "copy/link.txt").read_bytes() == FILES["data/a.txt"]
