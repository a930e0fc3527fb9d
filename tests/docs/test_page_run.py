"""The runner itself: it writes files, types commands, keeps the folder, and sees every drift."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.page_blocks import parse_page
from tests.docs.page_run import PageSession
from tests.docs.page_setups import set_up


def play(folder: Path, text: str) -> Path:
    (folder / "scratch").mkdir()
    session = PageSession(set_up("empty", folder / "work"), folder / "scratch")
    session.play(parse_page("page.md", text))
    return session.folder


def test_files_are_written_and_added_to_and_the_folder_is_kept(tmp_path: Path) -> None:
    end = play(
        tmp_path,
        '```text title="in/a.txt"\none\n```\n```text append="in/a.txt"\ntwo\n```\n'
        "```console\n$ cd in\n$ cat a.txt\none\ntwo\n$ mkdir -p x && cd x\n```\n",
    )
    assert end == tmp_path / "work/in/x"


def test_what_is_marked_is_not_run(tmp_path: Path) -> None:
    play(tmp_path, "<!-- not run: it would end badly -->\n```console\n$ touch ran\n```\n")
    assert not (tmp_path / "work/ran").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```console\n$ echo a\nb\n```\n", "shown   'b'\nprinted 'a'"),
        ("```console\n$ echo a >&2\nb\n```\n", "shown   'b'\nprinted 'a'"),
        ("```console\n$ false\n```\n", "exit code 1, the page says 0: page.md:1"),
        ("```console\n$ true    # exit code 3\n```\n", "exit code 0, the page says 3: page.md:1"),
        ("```pycon\n>>> 1 + 1\n3\n```\n", "Expected:"),
        ("```pycon\n1 + 1\n```\n", "page.md:1"),
        ('```text title="../x"\n```\n', "page.md:1 writes outside"),
    ],
)
def test_a_page_that_is_wrong_fails(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        play(tmp_path, text)
    assert told in str(caught.value)


def test_python_is_compared_with_ellipses(tmp_path: Path) -> None:
    play(tmp_path, "```pycon\n>>> list(range(20))\n[0, 1, …, 19]\n```\n")


def test_a_setup_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="'huge'"):
        set_up("huge", tmp_path / "x")
