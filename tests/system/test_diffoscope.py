"""diffoscope is asked where it is installed, for a bounded time and a bounded answer."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from release_tasks.system import diffoscope
from release_tasks.system.diffoscope import MOST_BYTES, diffoscope_text

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake program is a shell script")


@pytest.fixture
def pairs(tmp_path: Path) -> dict[str, tuple[Path, Path]]:
    """Two files that differ, one of them below a folder outside the project."""
    found = {}
    for path, before, after in (("build/config.json", '{"a": 1}', '{"a": 2}'), ("data:b.txt", "x\n", "y\n")):
        files = [tmp_path / f"{path.replace('/', '-')}.{side}" for side in ("old", "new")]
        for file, text in zip(files, (before, after), strict=True):
            file.write_text(text)
        found[path] = (files[0], files[1])
    return found


def installed(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str | None) -> Path:
    """A PATH with this program alone; returns an empty scratch folder."""
    tools, scratch = folder / "tools", folder / "scratch"
    tools.mkdir()
    scratch.mkdir()
    if script is not None:
        (tools / "diffoscope").write_text(f"#!/bin/sh\n{script}\n")
        (tools / "diffoscope").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    return scratch


@pytest.mark.skipif(shutil.which("diffoscope") is None, reason="diffoscope is not installed")
def test_the_real_one_tells_both_files_apart(pairs: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    text = diffoscope_text(pairs, scratch=scratch)
    assert text is not None
    assert text.startswith("--- released\n+++ rebuilt\n")
    for line in ('"a": 1', '"a": 2', "-x", "+y", "config.json", "b.txt"):
        assert line in text
    assert str(tmp_path) not in text
    assert "\x1b" not in text


def test_nothing_without_it_and_nothing_to_ask(
    pairs: dict[str, tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = installed(monkeypatch, tmp_path, None)
    assert diffoscope_text(pairs, scratch=scratch) is None
    (tmp_path / "tools/diffoscope").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "tools/diffoscope").chmod(0o755)
    assert diffoscope_text({}, scratch=scratch) is None
    assert list(scratch.iterdir()) == []


def test_it_sees_both_sides_and_little_of_our_environment(
    pairs: dict[str, tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/hostile")
    script = 'echo "$@"; echo "$HOME $PYTHONPATH"; cat released/build/config.json rebuilt/data/b.txt; exit 1'
    scratch = installed(monkeypatch, tmp_path, script)
    assert diffoscope_text(pairs, scratch=scratch) == (
        "--text - --text-color never --no-progress --exclude-directory-metadata yes "
        f"--max-text-report-size {MOST_BYTES} released rebuilt\n"
        f"{scratch} \n"
        '{"a": 1}y\n'
    )


def test_its_answer_is_bounded_whatever_it_does(
    pairs: dict[str, tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'head -c 1000000 /dev/zero | tr "\\0" a; exit 1'
    scratch = installed(monkeypatch, tmp_path, script)
    text = diffoscope_text(pairs, scratch=scratch)
    assert text == f"{'a' * MOST_BYTES}\n… cut after {MOST_BYTES} bytes\n"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "echo part; echo 'no such option' >&2; exit 2",
            "diffoscope failed with exit code 2: no such option\npart\n",
        ),
        ("exit 7", "diffoscope failed with exit code 7\n"),
        ("kill -9 $$", "diffoscope was killed by SIGKILL\n"),
        (r"printf '\377'; exit 1", "\ufffd"),
    ],
)
def test_a_bad_end_is_said(
    pairs: dict[str, tuple[Path, Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    expected: str,
) -> None:
    assert diffoscope_text(pairs, scratch=installed(monkeypatch, tmp_path, script)) == expected


def test_it_is_stopped_at_its_time_limit(
    pairs: dict[str, tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffoscope, "LIMIT_S", 0.2)
    text = diffoscope_text(pairs, scratch=installed(monkeypatch, tmp_path, "echo part; sleep 60"))
    assert text is not None
    assert text.startswith("diffoscope was stopped at its time limit after ")
    assert text.endswith("\npart\n")


def test_large_files_are_left_out(
    pairs: dict[str, tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffoscope, "_LARGEST", 4)
    text = diffoscope_text(pairs, scratch=installed(monkeypatch, tmp_path, "ls released; exit 1"))
    assert text == "build/config.json: left out, it is larger than 4 bytes\ndata\n"
    monkeypatch.setattr(diffoscope, "_LARGEST", 1)
    scratch = tmp_path / "again"
    scratch.mkdir()
    text = diffoscope_text(pairs, scratch=scratch)
    assert text == (
        "build/config.json: left out, it is larger than 1 bytes\n"
        "data:b.txt: left out, it is larger than 1 bytes\n"
    )
