"""Real repositories and remotes: one takes, one refuses, one is silent, one has another tag of the name."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from release_tasks.errors import EnvironmentRefused, RemoteError, SealedError
from release_tasks.system import git_tag as module
from release_tasks.system.git_tag import (
    TagObject,
    create_tag,
    find_remote,
    find_tag,
    local_tags,
    push_tag,
    push_urls,
    remote_tags,
    signs_tags,
    tag_signature,
    without_credentials,
)

NAME = "v1.0.0"
MESSAGE = "tiny 1.0.0\n\nroot: sha256:0\n\n## Features\n# a line that git would take for a comment\n"


def git(root: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-qm", "one", "--allow-empty")
    return folder


@pytest.fixture
def bare(root: Path, tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    return tmp_path / "remote.git"


def head(root: Path) -> str:
    return git(root, "rev-parse", "HEAD")


def tagged(root: Path) -> TagObject:
    return create_tag(root, NAME, MESSAGE, commit=head(root))


def refusing(bare: Path) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'no releases on a Friday' >&2\nexit 1\n")
    hook.chmod(0o755)


def test_the_tag_is_annotated_and_its_message_is_kept_to_the_letter(root: Path) -> None:
    tag = tagged(root)
    assert tag == find_tag(root, NAME)
    assert tag == TagObject(name=NAME, id=git(root, "rev-parse", NAME), commit=head(root), annotated=True)
    assert git(root, "cat-file", "tag", NAME).partition("\n\n")[2] == MESSAGE.strip()
    assert tag_signature(root, NAME).text == "unsigned"


def test_a_tag_that_exists_is_never_made_again(root: Path) -> None:
    before = tagged(root)
    git(root, "commit", "-qm", "two", "--allow-empty")
    with pytest.raises(SealedError, match=r"tag v1\.0\.0 exists already"):
        tagged(root)
    assert find_tag(root, NAME) == before


def test_without_an_identity_nothing_is_tagged(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_COMMITTER_NAME")
    monkeypatch.delenv("GIT_COMMITTER_EMAIL")
    git(root, "config", "user.useConfigOnly", "true")
    with pytest.raises(EnvironmentRefused) as caught:
        tagged(root)
    assert caught.value.what == "git cannot make the tag v1.0.0"
    assert "tell me who you are" in (caught.value.found or "")
    assert find_tag(root, NAME) is None


def test_a_variable_of_the_caller_names_no_other_repository(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    commit = head(root)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert create_tag(root, NAME, MESSAGE, commit=commit).commit == commit


def test_the_tag_is_pushed_alone_and_read_back(root: Path, bare: Path) -> None:
    git(root, "config", "push.followTags", "true")
    git(root, "tag", "-a", "-m", "other", "v0.9.0")
    tag = tagged(root)
    assert remote_tags(root, "origin") == {}
    push_tag(root, "origin", tag)
    assert remote_tags(root, "origin") == {NAME: tag.id}
    push_tag(root, "origin", tag)  # again is success
    assert git(bare, "rev-parse", NAME) == tag.id


def test_a_remote_with_another_tag_of_the_name_keeps_it(root: Path, bare: Path) -> None:
    git(root, "push", "-q", "origin", f"HEAD:refs/tags/{NAME}")
    tag = tagged(root)
    with pytest.raises(SealedError) as caught:
        push_tag(root, "origin", tag)
    assert caught.value.found == f"tag object {head(root)}"
    assert git(bare, "rev-parse", NAME) == head(root)


def test_a_remote_that_refuses_says_why_and_the_tag_stays_here(root: Path, bare: Path) -> None:
    refusing(bare)
    tag = tagged(root)
    with pytest.raises(RemoteError) as caught:
        push_tag(root, "origin", tag)
    assert caught.value.what == "the remote origin did not take the tag v1.0.0"
    assert "no releases on a Friday" in (caught.value.found or "")
    assert find_tag(root, NAME) == tag
    (bare / "hooks" / "pre-receive").unlink()
    push_tag(root, "origin", tag)
    assert remote_tags(root, "origin", NAME) == {NAME: tag.id}


@pytest.mark.parametrize(
    "url", ["file:///nonexistent/x.git", "http://127.0.0.1:9/x.git", "ssh://127.0.0.1:9/x"]
)
def test_a_silent_remote_is_an_error_and_not_one_without_tags(root: Path, url: str) -> None:
    git(root, "remote", "add", "origin", url)
    with pytest.raises(RemoteError) as caught:
        remote_tags(root, "origin")
    assert caught.value.what == "the remote origin cannot be read"
    assert caught.value.exit_code == 2


def test_a_remote_that_never_answers_is_given_up(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all that git has started is ended with it."""
    waiter = tmp_path / "ssh"
    note = tmp_path / "pid"
    waiter.write_text(f"#!/bin/sh\necho $$ > '{note}'\nexec sleep 600\n")
    waiter.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(waiter))
    monkeypatch.setattr(module, "LIMIT_S", 5.0)
    git(root, "remote", "add", "origin", "git@host.invalid:x.git")
    with pytest.raises(RemoteError) as caught:
        remote_tags(root, "origin")
    assert caught.value.wanted == "an answer within 5 s"
    stat = Path("/proc") / note.read_text().strip() / "stat"
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_which_remote_is_meant(root: Path) -> None:
    assert find_remote(root) is None
    git(root, "remote", "add", "one", "file:///1")
    assert find_remote(root) == "one"
    git(root, "remote", "add", "two", "file:///2")
    with pytest.raises(EnvironmentRefused) as caught:
        find_remote(root)
    assert (caught.value.wanted, caught.value.hint) == ("one of: one, two", "name one: --remote NAME")
    assert find_remote(root, "two") == "two"
    git(root, "remote", "add", "origin", "file:///3")
    assert find_remote(root) == "origin"
    git(root, "config", "remote.pushDefault", "one")
    assert find_remote(root) == "one"
    with pytest.raises(EnvironmentRefused, match="no remote is called three"):
        find_remote(root, "three")


def test_every_place_that_a_push_goes_to_is_looked_at(root: Path, bare: Path) -> None:
    assert push_urls(root, "origin") == ("origin",)
    git(root, "remote", "set-url", "--add", "--push", "origin", "file:///a")
    git(root, "remote", "set-url", "--add", "--push", "origin", "file:///b")
    assert push_urls(root, "origin") == ("file:///a", "file:///b")


def test_no_password_is_shown() -> None:
    text = "fatal: unable to access 'https://ann:s3cret@host.invalid/x.git/': no"
    assert without_credentials(text) == "fatal: unable to access 'https://host.invalid/x.git/': no"


def ssh_key(root: Path, folder: Path, *, trusted: bool) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "throwaway", "-f", str(folder / "key")],
        check=True,
    )
    git(root, "config", "gpg.format", "ssh")
    git(root, "config", "user.signingKey", str(folder / "key"))
    allowed = folder / "allowed"
    public = (folder / "key.pub").read_text()
    allowed.write_text(f"ann@example.invalid {public}" if trusted else "")
    git(root, "config", "gpg.ssh.allowedSignersFile", str(allowed))


needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


@needs_ssh
def test_a_tag_is_signed_by_the_key_that_git_is_told_of(root: Path, tmp_path: Path) -> None:
    ssh_key(root, tmp_path, trusted=True)
    tagged(root)
    said = subprocess.run(["git", "tag", "-v", NAME], cwd=root, capture_output=True, text=True, check=False)
    assert (said.returncode, 'Good "git" signature for ann@example.invalid' in said.stderr) == (0, True)
    signature = tag_signature(root, NAME)
    assert signature.state == "good"
    assert signature.text.startswith("signed by ann@example.invalid, ED25519 key SHA256:")
    assert [found.signed for found in local_tags(root)] == [True]


@needs_ssh
def test_a_signature_by_a_key_that_nobody_trusts_is_not_good(root: Path, tmp_path: Path) -> None:
    ssh_key(root, tmp_path, trusted=False)
    tagged(root)
    assert tag_signature(root, NAME).text == "signature not verified: no allowed signer has this key"
    git(root, "config", "--unset", "gpg.ssh.allowedSignersFile")
    assert tag_signature(root, NAME).text == "signature not verified: gpg.ssh.allowedSignersFile is not set"


@needs_ssh
def test_a_signed_tag_of_another_version_proves_nothing(root: Path, tmp_path: Path) -> None:
    ssh_key(root, tmp_path, trusted=True)
    create_tag(root, "v0.9.0", MESSAGE, commit=head(root))
    git(root, "update-ref", f"refs/tags/{NAME}", git(root, "rev-parse", "v0.9.0"))
    assert tag_signature(root, NAME).text == "signature not verified: the tag object calls itself v0.9.0"


@needs_ssh
def test_a_key_that_cannot_sign_sends_no_tag_anywhere(root: Path, tmp_path: Path) -> None:
    ssh_key(root, tmp_path, trusted=True)
    (tmp_path / "key").unlink()
    with pytest.raises(EnvironmentRefused) as caught:
        tagged(root)
    tag = find_tag(root, NAME)
    if tag is not None:  # git 2.39 makes it, unsigned, and exits 0
        assert "although git is configured to sign" in caught.value.what
        git(tmp_path, "init", "-q", "--bare", "remote.git")
        git(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
        with pytest.raises(EnvironmentRefused, match="is not signed"):
            push_tag(root, "origin", tag)
        assert remote_tags(root, "origin") == {}


def test_when_tags_are_signed(root: Path) -> None:
    assert not signs_tags(root)
    git(root, "config", "user.signingKey", "0123")
    assert signs_tags(root)
    git(root, "config", "tag.gpgSign", "false")
    assert not signs_tags(root)


def test_all_tags_with_their_messages(root: Path, tmp_path: Path) -> None:
    tag = tagged(root)
    git(root, "tag", "light")
    light, full = local_tags(root)
    assert (light.tag.name, light.tag.annotated, light.message) == ("light", False, "")
    assert (full.tag, full.signed, full.message.strip()) == (tag, False, MESSAGE.strip())
    assert local_tags(tmp_path) == ()


@pytest.mark.parametrize("content", ["1" * 40 + "\n", "", "rubbish\n"])
def test_a_damaged_tag_is_not_a_missing_one(root: Path, content: str) -> None:
    (root / f".git/refs/tags/{NAME}").write_text(content)
    for look in (find_tag, local_tags):
        with pytest.raises(EnvironmentRefused) as caught:
            look(root, NAME)
        error = caught.value
        assert (error.what, error.wanted) == ("git cannot list the tags", "every tag, whole")
        assert f"refs/tags/{NAME}" in (error.found or "")


def test_without_a_repository_there_are_no_tags(tmp_path: Path) -> None:
    assert local_tags(tmp_path) == ()
    assert find_tag(tmp_path, NAME) is None


@pytest.mark.skipif(os.name == "nt", reason="a hook of sh")
def test_a_hook_that_lives_on_does_not_hold_us(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT_S", 0.5)
    monkeypatch.setattr(module, "_LAST_WORDS_S", 0.1)
    (tmp_path / "wait").touch()
    hook = root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nwhile [ -e '{tmp_path}/wait' ]; do sleep 0.1; done\n")
    hook.chmod(0o755)
    try:
        with pytest.raises(EnvironmentRefused, match="git did not end: git tag --annotate"):
            create_tag(root, NAME, MESSAGE, commit=head(root))
    finally:
        (tmp_path / "wait").unlink()
