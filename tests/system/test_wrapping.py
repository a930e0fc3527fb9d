"""The words before a command line: none in ordinary surroundings, only those that are needed in others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from release_tasks.system.surroundings import ORDINARY, Surroundings
from release_tasks.system.wrapping import inner_words, outer_words

WORK, MIRROR = Path("/w"), Path("/m")
NOISE = ["env", "--unset=_", "--unset=SHLVL", "--unset=OLDPWD"]
pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users of POSIX")


def outer(surroundings: Surroundings, *, boxed: bool) -> list[str]:
    return outer_words(surroundings, boxed=boxed, work=WORK, mirror=MIRROR)


@pytest.mark.parametrize("boxed", [True, False])
def test_ordinary_surroundings_need_no_word(*, boxed: bool) -> None:
    assert inner_words(ORDINARY) == []
    assert outer(ORDINARY, boxed=boxed) == []


def test_the_sandbox_gives_names_and_users_itself() -> None:
    other = Surroundings(hostname="h", user="u", uid=7, gid=8, own_shared_memory=True)
    assert outer(other, boxed=True) == []


def test_cpus_come_before_what_else_wraps_the_command() -> None:
    assert inner_words(Surroundings(affinity=(0, 3), wrapper=("setarch", "-R"))) == [
        "taskset", "-c", "0,3", "setarch", "-R",
    ]  # fmt: skip


def test_root_needs_no_user_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    line = ["unshare", "--uts", "--", "sh", "-c", 'hostname h && exec "$@"', "sh", *NOISE]
    assert outer(Surroundings(hostname="h"), boxed=False) == line
    user = ["unshare", "--user", "--map-user=7", "--map-group=8", "--"]
    assert outer(Surroundings(uid=7, gid=8), boxed=False) == user
    assert outer(Surroundings(hostname="h", uid=7, gid=8), boxed=False) == line + user


def test_others_become_root_of_a_namespace_and_then_themselves_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in (("geteuid", 5), ("getuid", 5), ("getgid", 6)):
        monkeypatch.setattr(os, name, lambda number=number: number)
    head = [
        "unshare",
        "--user",
        "--map-root-user",
        "--uts",
        "--",
        "sh",
        "-c",
        'hostname h && exec "$@"',
        "sh",
    ]
    back = ["unshare", "--user", "--map-user=5", "--map-group=6", "--"]
    assert outer(Surroundings(hostname="h"), boxed=False) == [*head, *NOISE, *back]


def test_the_mirror_is_made_in_one_namespace_and_put_in_place_in_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    other = Surroundings(directory_order=("--reverse-dirents=yes",))
    mirrored = ["unshare", "--mount", "--", "sh", "-c"]
    mirrored += ['disorderfs -q --reverse-dirents=yes / /m && exec "$@"', "sh"]
    assert outer(other, boxed=True) == mirrored
    inside = ["unshare", "--mount", "--", "sh", "-c", 'mount --bind /m/w /w && cd /w && exec "$@"', "sh"]
    assert outer(other, boxed=False) == [*mirrored, *inside, *NOISE]
