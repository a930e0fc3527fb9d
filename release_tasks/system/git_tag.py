"""All that the product writes with git: an annotated tag and its way to a remote; it never moves one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from release_tasks.errors import EnvironmentRefused, RemoteError, SealedError
from release_tasks.records.frozen_record import frozen
from release_tasks.system.git import git_environment, in_repository

_LAST_WORDS_S = 5.0
LIMIT_S = 60.0  # for a remote, and for a person who types a passphrase
# Who tags, and how a remote is reached; nothing that names another repository, index or object store.
_KEPT = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_PROXY_COMMAND",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_SSL_NO_VERIFY",
    }
)
_CREDENTIALS = re.compile(r"(\w://)[^/@\s]+@")
_SSH_SIGNER = re.compile(r'^Good "git" signature(?: for (?P<who>.+))? with (?P<key>.+)$', re.MULTILINE)
_GPG_SIGNER = re.compile(r'^gpg: Good signature from "(?P<who>.+)"', re.MULTILINE)


@frozen
class TagObject:
    """A tag of the local repository: `id` is what the ref holds, of an annotated tag its own object."""

    name: str
    id: str
    commit: str
    annotated: bool


@frozen
class LocalTag:
    """A tag, whether it bears a signature (of whomever), and its message, empty for a lightweight one."""

    tag: TagObject
    signed: bool
    message: str


@frozen
class Signature:
    """What git says of a tag's signature; `good` is one by a key that this machine is told to trust."""

    state: Literal["unsigned", "good", "unverified"]
    text: str


def _run(
    root: Path, *args: str, given: str | None = None, remote: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run git; raises EnvironmentRefused when it cannot start, RemoteError or it when the time is over.

    A git that talks to a remote may ask nobody for anything: it has neither terminal nor input.
    """
    env = git_environment(_KEPT)
    if remote:
        env["GIT_TERMINAL_PROMPT"] = "0"
    apart = remote and sys.platform != "win32"
    kind = RemoteError if remote else EnvironmentRefused
    try:
        process = subprocess.Popen(
            ["git", *args],
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=apart,
        )
    except OSError as error:
        raise EnvironmentRefused("git cannot be started", found=str(error), where=str(root)) from error
    try:
        out, err = process.communicate(given, LIMIT_S)
    except subprocess.TimeoutExpired:
        _end(process, group=apart)
        raise kind(
            f"git did not end: git {_shown(args)}",
            wanted=f"an answer within {LIMIT_S:.0f} s",
            found="none",
            where=str(root),
            hint="run the command by hand, and see what it waits for",
        ) from None
    except BaseException:
        _end(process, group=apart)
        raise
    return subprocess.CompletedProcess(args, process.returncode, out, err)


def _end(process: subprocess.Popen[str], *, group: bool) -> None:
    """End git with all that it started (ssh, a credential helper)."""
    if group and sys.platform != "win32":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    with suppress(subprocess.TimeoutExpired):  # a hook that lives on may keep the pipes open
        process.communicate(timeout=_LAST_WORDS_S)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()


def _shown(args: Sequence[str]) -> str:
    return without_credentials(" ".join(args))


def without_credentials(text: str) -> str:
    """A text in which no URL names a user or a password."""
    return _CREDENTIALS.sub(r"\1", text)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """What git printed, in few lines and without credentials."""
    lines = [line.rstrip() for line in f"{done.stderr}\n{done.stdout}".splitlines() if line.strip()]
    return without_credentials("\n".join(lines[:20])) or f"exit code {done.returncode} without a word"


def _setting(root: Path, key: str, *more: str) -> str | None:
    done = _run(root, "config", *more, "--get", key)
    return done.stdout.strip() if done.returncode == 0 else None


def find_tag(root: Path, name: str) -> TagObject | None:
    """The tag of this name in the local repository, or None; EnvironmentRefused when git cannot tell."""
    text = _tag_rows(root, "%(objectname) %(objecttype) %(*objectname)", f"refs/tags/{name}")
    if not text.strip():
        return None
    found, kind, *peeled = text.split()
    return TagObject(name=name, id=found, commit=peeled[0] if peeled else found, annotated=kind == "tag")


def _tag_rows(root: Path, row: str, pattern: str) -> str:
    """What git prints of the tags; a git that cannot tell is not one without tags."""
    if not in_repository(root):
        return ""
    done = _run(root, "for-each-ref", f"--format={row}", pattern)
    broken = [line for line in done.stderr.splitlines() if "ignoring broken ref" in line]
    if done.returncode == 0 and not broken:
        return done.stdout
    raise EnvironmentRefused(
        "git cannot list the tags",
        wanted="every tag, whole",
        found="\n".join(map(without_credentials, broken)) or _said(done),
        where=str(root),
        hint="a version may be sealed by one of them: mend what git says, then run again",
    )


def local_tags(root: Path, name: str | None = None) -> tuple[LocalTag, ...]:
    """Every tag of the repository, or the one of this name, by one start of git; none without a repository.

    Raises EnvironmentRefused when git cannot tell.
    """
    fields = ("refname:strip=2", "objectname", "objecttype", "*objectname", "contents:signature", "contents")
    row = "%00".join(f"%({field})" for field in fields) + "%01"
    found = []
    for text in _tag_rows(root, row, "refs/tags" if name is None else f"refs/tags/{name}").split("\x01\n"):
        if text:
            name, object_id, kind, peeled, signature, message = text.split("\0")
            annotated = kind == "tag"
            tag = TagObject(name=name, id=object_id, commit=peeled or object_id, annotated=annotated)
            found.append(
                LocalTag(tag=tag, signed=bool(signature.strip()), message=message if annotated else "")
            )
    return tuple(found)


def signs_tags(root: Path) -> bool:
    """Whether git is configured to sign: `tag.gpgSign`, else a key of the user's (`user.signingKey`)."""
    for key in ("tag.gpgsign", "tag.forcesignannotated"):
        wanted = _setting(root, key, "--type=bool")
        if wanted is not None:
            return wanted == "true"
    return bool(_setting(root, "user.signingkey"))


def tag_command(name: str, commit: str, *, signed: bool) -> tuple[str, ...]:
    """The command that makes the tag; its message, `#` lines included, is read from stdin."""
    how = "--sign" if signed else "--no-sign"
    return ("tag", "--annotate", how, "--cleanup=verbatim", "--file=-", "--", name, commit)


def create_tag(root: Path, name: str, message: str, *, commit: str) -> TagObject:
    """Make an annotated tag, signed when git is configured to sign; git writes it whole or not at all.

    Raises SealedError when the name is taken, EnvironmentRefused when git cannot tag or sign.
    """
    done = _run(root, *tag_command(name, commit, signed=signs_tags(root)), given=message)
    tag = find_tag(root, name)
    if done.returncode or tag is None:
        if tag is not None:
            raise SealedError(
                f"tag {name} exists already", wanted="a name that is free", found=f"tag object {tag.id[:16]}"
            )
        raise EnvironmentRefused(
            f"git cannot make the tag {name}",
            found=_said(done),
            where=str(root),
            hint="mend what git says (user.name, user.email, signing key); nothing was tagged",
        )
    _refuse_unsigned(root, tag)
    return tag


def _refuse_unsigned(root: Path, tag: TagObject) -> None:
    """Git 2.39 makes the tag without a word when ssh-keygen finds no key: such a tag goes nowhere."""
    if signs_tags(root) and not any(found.signed for found in local_tags(root, tag.name)):
        raise EnvironmentRefused(
            f"the tag {tag.name} is not signed, although git is configured to sign",
            wanted="a signature by the key of user.signingKey",
            found=f"tag object {tag.id[:16]} without one; it was not pushed",
            where=str(root),
            hint=f"mend the key, remove the tag with 'git tag -d {tag.name}', and run again",
        )


def tag_signature(root: Path, name: str) -> Signature:
    """Tell whether a tag is signed, and by whom; a signature of another tag's object counts as unverified."""
    fields = "%(objecttype) %(tag)%0a%(contents:signature)"
    done = _run(root, "for-each-ref", f"--format={fields}", f"refs/tags/{name}")
    first, _, signature = done.stdout.partition("\n")
    if not signature.strip():
        return Signature(state="unsigned", text="unsigned")
    if first != f"tag {name}":
        return Signature(
            state="unverified", text=f"signature not verified: the tag object calls itself {first[4:]}"
        )
    checked = _run(root, "verify-tag", "--", name)
    signer = _SSH_SIGNER.search(checked.stderr) or _GPG_SIGNER.search(checked.stderr)
    if checked.returncode == 0 and signer is not None and signer["who"]:
        key = signer.groupdict().get("key")
        return Signature(state="good", text=f"signed by {signer['who']}" + (f", {key}" if key else ""))
    return Signature(state="unverified", text=f"signature not verified: {_why_unverified(checked.stderr)}")


def _why_unverified(text: str) -> str:
    if "allowedSignersFile" in text:
        return "gpg.ssh.allowedSignersFile is not set"
    if "No principal matched" in text:
        return "no allowed signer has this key"
    if "No public key" in text:
        return "its public key is not in the keyring"
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "git says no")


def find_remote(root: Path, wanted: str | None = None) -> str | None:
    """The remote to push to: `wanted`, `remote.pushDefault`, `origin`, or the only one; None without any.

    Raises EnvironmentRefused for a name that is no remote, and when several could be meant.
    """
    names = _run(root, "remote").stdout.split()
    name = wanted or _setting(root, "remote.pushdefault") or ("origin" if "origin" in names else None)
    if name is None and len(names) <= 1:
        return names[0] if names else None
    if name in names:
        return name
    raise EnvironmentRefused(
        "no remote to push to" if name is None else f"no remote is called {name}",
        wanted="one of: " + (", ".join(names) or "none is configured"),
        found=name or "several, and none is called origin",
        where=str(root),
        hint="name one: --remote NAME",
    )


def push_urls(root: Path, remote: str) -> tuple[str, ...]:
    """Where a push to the remote goes: its name where that is one place, the one that is fetched from too."""
    urls = _run(root, "remote", "get-url", "--push", "--all", "--", remote).stdout.splitlines()
    fetched = _run(root, "remote", "get-url", "--", remote).stdout.splitlines()
    return (remote,) if urls == fetched[:1] else tuple(urls)


def remote_tags(root: Path, place: str, name: str | None = None) -> dict[str, str]:
    """The tags of a remote with the ids that its refs hold, all or one; RemoteError when it is silent."""
    pattern = f"refs/tags/{'*' if name is None else name}"
    done = _run(root, "ls-remote", "--tags", "--refs", "--", place, pattern, remote=True)
    if done.returncode:
        raise RemoteError(
            f"the remote {without_credentials(place)} cannot be read",
            wanted="the list of its tags",
            found=_said(done),
            where=str(root),
            hint="a remote that is silent is not one without tags: mend the way to it and run again",
        )
    rows = (line.split("\t") for line in done.stdout.splitlines())
    found = {ref.removeprefix("refs/tags/"): object_id for object_id, ref in rows}
    return found if name is None else {key: value for key, value in found.items() if key == name}


def push_command(place: str, name: str) -> tuple[str, ...]:
    """The command that pushes one tag: all or nothing, never over another, and nothing else along with it."""
    ref = f"refs/tags/{name}"
    return ("push", "--atomic", "--no-follow-tags", "--", place, f"{ref}:{ref}")


def push_tag(root: Path, place: str, tag: TagObject) -> None:
    """Push one tag and read it back; the same object there already is success.

    Raises RemoteError when the remote refuses or is silent, SealedError when it has another tag of the name,
    EnvironmentRefused for a tag that should be signed and is not.
    """
    _refuse_unsigned(root, tag)
    done = _run(root, *push_command(place, tag.name), remote=True)
    there = remote_tags(root, place, tag.name).get(tag.name)
    if there == tag.id:
        return
    if there is not None:
        raise SealedError(
            f"the remote {without_credentials(place)} has another tag {tag.name}",
            wanted=f"tag object {tag.id}",
            found=f"tag object {there}",
            where=str(root),
            hint="a tag never moves: raise release.version in release.toml",
        )
    raise RemoteError(
        f"the remote {without_credentials(place)} did not take the tag {tag.name}",
        wanted="the tag on the remote",
        found=_said(done),
        where=str(root),
        hint="the tag is here and stays: run 'doit tag' again when the remote takes it",
    )
