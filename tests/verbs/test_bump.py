"""The files of `bump`: all or nothing, comments kept; the rest is driven as a user does it in test_900."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.load import load_release
from release_tasks.errors import ConfigError, StorageError
from release_tasks.verbs import bump as module
from release_tasks.verbs.bump import Bump, next_commands, plan_bump, write_bump
from tests.fakes.small_project import small_project

TODAY = dt.date(2026, 2, 28)


def planned(root: Path, wish: str) -> Bump:
    return plan_bump(load_release(root / "release.toml", environ={}), wish, today=TODAY)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = small_project(tmp_path / "project").root
    file = found / "release.toml"
    text = file.read_text("utf-8").replace('version = "1.0.0"', 'version   =  "1.0.0"   # kept\n')
    file.write_text("# first\n" + text + '\n[versioning]\nfiles = ["a.txt", "b.txt"]\n', "utf-8")
    (found / "a.txt").write_text("tiny-1.0.0\r\n", "utf-8", newline="")
    (found / "b.txt").write_text("v1.0.0 and 1.0.0\n", "utf-8")
    return found


def test_every_file_and_every_comment(root: Path) -> None:
    before = (root / "release.toml").read_text("utf-8")
    bump = planned(root, "minor")
    assert [path for path, _ in bump.files] == ["a.txt", "b.txt", "release.toml"]
    write_bump(bump, root)
    assert (root / "a.txt").read_bytes() == b"tiny-1.1.0\r\n"
    assert (root / "b.txt").read_text("utf-8") == "v1.1.0 and 1.1.0\n"
    assert (root / "release.toml").read_text("utf-8") == before.replace('"1.0.0"', '"1.1.0"')
    assert planned(root, "1.1.0").files == ()


def test_a_file_that_cannot_be_written_takes_all_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in root.glob("*.t*")}
    write = module.rewrite_atomic
    seen: list[str] = []

    def refuse(path: Any, data: bytes) -> None:
        seen.append(Path(path).name)
        if Path(path).name == "release.toml":
            raise StorageError("no space", where=os.fspath(path))
        write(path, data)

    monkeypatch.setattr(module, "rewrite_atomic", refuse)
    with pytest.raises(StorageError):
        write_bump(planned(root, "minor"), root)
    assert seen == ["a.txt", "b.txt", "release.toml", "a.txt", "b.txt"]
    assert {path.name: path.read_bytes() for path in root.glob("*.t*")} == before


def test_what_was_half_done_is_finished(root: Path) -> None:
    (root / "a.txt").write_text("tiny-1.1.0\n", "utf-8")
    assert [path for path, _ in planned(root, "minor").files] == ["b.txt", "release.toml"]


def test_a_file_that_is_no_text_is_refused(root: Path) -> None:
    (root / "b.txt").write_bytes(b"1.0.0 \xff")
    with pytest.raises(ConfigError) as caught:
        planned(root, "minor")
    assert str(caught.value) == (
        "a file of versioning.files cannot be read as text\n"
        "  wanted: a file in UTF-8\n"
        "  found:  other bytes\n"
        "  where:  b.txt"
    )


def test_other_lines_of_release_toml_are_shown_or_replaced(root: Path) -> None:
    file = root / "release.toml"
    text = file.read_text("utf-8").replace("# first", "# first after 1.0.0")
    file.write_text(text, "utf-8")
    assert planned(root, "minor").elsewhere == ((1, "# first after 1.0.0"),)
    file.write_text(text.replace('["a.txt"', '["release.toml", "a.txt"'), "utf-8")
    bump = planned(root, "minor")
    assert bump.elsewhere == ()
    assert dict(bump.files)["release.toml"].startswith(b"# first after 1.1.0\n")


def test_a_dataset_that_is_released_by_itself_has_one_version_in_two_places(root: Path) -> None:
    text = """schema = 1

[release]
name = "words"
version = "2026.01.31_build1"
type = "dataset"

[dataset]
version = "2026.01.31_build1" # kept
files = ["words.txt"]
"""
    (root / "release.toml").write_text(text, "utf-8")
    (root / "words.txt").write_text("a b\n", "utf-8")
    bump = planned(root, "2026.02.01_build1")
    assert [(path, data.decode()) for path, data in bump.files] == [
        ("release.toml", text.replace("2026.01.31", "2026.02.01"))
    ]
    assert planned(root, "auto").choice.version.text == "2026.02.28_build1"


@pytest.mark.parametrize(
    "text",
    [
        "schema = 1\r\n[release]\r\n  version   =  '1.0.0'   # x\r\nname = \"a\"\r\n",
        'release.version = "1.0.0" # 1.0.0\nrelease.name = "x"\n',
        'release = {name = "1.0.0", version = "1.0.0"} # c\n',
        '[ release ] # 1.0.0\n"version" = """1.0.0"""#tight\n\n\n# end',
        '[other]\nversion = "1.0.0"\n[[step]]\n[release]\nversion = "1.0.0"\n[[step]]\na = 1\n',
    ],
)
def test_nothing_but_the_version_is_changed(text: str) -> None:
    changed = module._with_version(text, "1.0.0", "2.0.0", where="release.toml")
    assert tomllib.loads(changed)["release"]["version"] == "2.0.0"
    assert sum(old != new for old, new in zip(text, changed, strict=True)) == 1


def test_a_version_that_is_spelt_oddly_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        module._with_version('[release]\nversion = "1.0\\u002e0"\n', "1.0.0", "2.0.0", where="release.toml")
    assert str(caught.value) == (
        "the version cannot be replaced where it stands\n"
        "  wanted: release.version, written as 1.0.0\n"
        "  found:  other characters that mean the same\n"
        "  where:  release.toml\n"
        '  hint:   write version = "1.0.0"'
    )


def test_a_file_keeps_its_mode_and_a_link_stays_one(root: Path) -> None:
    (root / "a.txt").chmod(0o755)
    (root / "b.txt").rename(root / "c.txt")
    (root / "b.txt").symlink_to("c.txt")
    write_bump(planned(root, "minor"), root)
    assert (root / "a.txt").stat().st_mode & 0o777 == 0o755
    assert (root / "b.txt").is_symlink()
    assert (root / "c.txt").read_text("utf-8") == "v1.1.0 and 1.1.0\n"


def test_a_folder_that_cannot_be_made_is_no_traceback(root: Path) -> None:
    before = {path.name: path.read_bytes() for path in root.glob("*.t*")}
    (root / "baselines").write_text("no folder\n", "utf-8")
    bump = replace(planned(root, "minor"), files=(("a.txt", b"x"), ("baselines/1.0.0.json", b"{}")))
    with pytest.raises(StorageError) as caught:
        write_bump(bump, root)
    assert caught.value.where == str(root / "baselines")
    assert {path.name: path.read_bytes() for path in root.glob("*.t*")} == before


def test_what_is_to_be_typed_is_quoted(root: Path) -> None:
    bump = replace(planned(root, "minor"), files=(("a b.txt", b"x"),))
    assert list(module.next_commands(bump, root))[1] == "git add 'a b.txt' release.lock"


KILLED = """
import datetime, os, pathlib, sys
from release_tasks.config.load import load_release
from release_tasks.verbs.bump import plan_bump, write_bump

root, left = pathlib.Path(sys.argv[1]), int(sys.argv[2])
bump = plan_bump(load_release(root / "release.toml", environ={}), "minor", today=datetime.date(2026, 2, 28))
replace = os.replace

def killed(*paths):
    global left
    if left == 0:
        os._exit(9)
    left -= 1
    replace(*paths)

os.replace = killed
write_bump(bump, root)
"""


@pytest.mark.parametrize("left", range(3))
def test_killed_before_any_file_nothing_is_half_written_and_a_rerun_ends_it(root: Path, left: int) -> None:
    names = ("a.txt", "b.txt", "release.toml")
    before = {name: (root / name).read_bytes() for name in names}
    after = dict(planned(root, "minor").files)
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), str(left)], check=False)
    assert done.returncode == 9
    for number, name in enumerate(names):
        assert (root / name).read_bytes() == (after if number < left else before)[name]
    write_bump(planned(root, "minor"), root)
    assert {name: (root / name).read_bytes() for name in names} == after


def test_what_a_killed_bump_left_is_removed(root: Path) -> None:
    for name in (".release.toml.0123456789abcdef.tmp", ".mine.0123456789abcdef.tmp"):
        (root / name).write_text("x")
    write_bump(planned(root, "minor"), root)
    assert [path.name for path in root.glob(".*.tmp")] == [".mine.0123456789abcdef.tmp"]


def test_what_is_frozen_has_to_be_frozen_anew(root: Path) -> None:
    bump = planned(root, "minor")
    assert next_commands(bump, root) == (
        "doit freeze",
        "git add a.txt b.txt release.toml release.lock",
        "git commit -m 'chore(release): 1.1.0'",
        "doit release",
    )
    (root / "release.lock").write_text("{}\n", "utf-8")
    assert next_commands(bump, root)[0] == "doit freeze --update"


def test_names_of_files_that_bear_the_version_are_told(root: Path) -> None:
    file = root / "release.toml"
    file.write_text(file.read_text("utf-8") + "# tiny-v1.0.0-F32.gguf\n", "utf-8")
    number = len(file.read_text("utf-8").splitlines())
    assert planned(root, "minor").elsewhere == ((number, "# tiny-v1.0.0-F32.gguf"),)
