from __future__ import annotations

import os
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

import pytest

import release_tasks
from release_tasks.system import toolchain
from release_tasks.system.stat_key import GRANULARITY_NS
from release_tasks.system.state import StateDatabase
from release_tasks.system.toolchain import (
    distributions_digest,
    interpreter_id,
    own_code_digest,
    own_toolchain,
    user_toolchain,
)

RECORD = [
    "numpy/__init__.py,sha256=aaa,10",
    '"numpy/odd,name.py",sha256=bbb,10',
    "numpy/__pycache__/x.cpython-311.pyc,,",
    "../../../bin/f2py,sha256=abc,200",
    "numpy-2.2.0.dist-info/INSTALLER,sha256=pip,4",
    "numpy-2.2.0.dist-info/REQUESTED,sha256=empty,0",
    "numpy-2.2.0.dist-info/direct_url.json,sha256=url,50",
    "numpy-2.2.0.dist-info/METADATA,sha256=meta,900",
    "numpy-2.2.0.dist-info/RECORD,,",
]


class Environment:
    """A site-packages folder of a test, looked at instead of the real one."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.database = StateDatabase(folder.parent / "state.sqlite")
        folder.mkdir(parents=True)
        patch.setattr(sysconfig, "get_path", lambda _name: str(folder))

    def install(self, name: str, lines: list[str] | None) -> None:
        info = self.folder / f"{name}.dist-info"
        info.mkdir(exist_ok=True)
        if lines is not None:
            (info / "RECORD").write_text("".join(f"{line}\n" for line in lines))

    def digest(self) -> str:
        return distributions_digest(self.database)


def environment(folder: Path, patch: pytest.MonkeyPatch, lines: list[str] | None = None) -> Environment:
    made = Environment(folder, patch)
    made.install("numpy-2.2.0", RECORD if lines is None else lines)
    return made


def test_the_digest_does_not_depend_on_where_the_environment_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two environments made from one lock are equal, whatever installed them and in whatever order."""
    one = environment(tmp_path / "one" / "site-packages", monkeypatch).digest()
    other = [line.replace("sha256=pip", "sha256=uv").replace("sha256=url", "sha256=x") for line in RECORD]
    other = [line.replace("sha256=abc", "sha256=other-shebang") for line in reversed(other)]
    two = environment(tmp_path / "a" / "longer" / "place" / "site-packages", monkeypatch, other).digest()
    assert one == two


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sha256=aaa", "sha256=aab"),
        ("numpy/__init__.py", "numpy/__init2__.py"),
        ("sha256=bbb", "sha256=bbc"),
        ("sha256=meta", "sha256=meta2"),
    ],
)
def test_a_changed_line_of_a_record_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    place = environment(tmp_path / "site", monkeypatch)
    before = place.digest()
    assert place.digest() == before
    place.install("numpy-2.2.0", [line.replace(old, new) for line in RECORD])
    assert place.digest() != before


def test_a_changed_installer_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = environment(tmp_path / "site", monkeypatch)
    before = place.digest()
    for old in ("sha256=pip", "sha256=url", "sha256=empty", "sha256=abc"):
        place.install("numpy-2.2.0", [line.replace(old, "sha256=changed") for line in RECORD])
        assert place.digest() == before


def test_a_distribution_more_or_of_another_version_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = environment(tmp_path / "site", monkeypatch)
    digests = [place.digest()]
    place.install("other-1.0", [])
    digests.append(place.digest())
    (place.folder / "numpy-2.2.0.dist-info").rename(place.folder / "numpy-2.2.1.dist-info")
    digests.append(place.digest())
    place.install("without-1.0", None)
    digests.append(place.digest())
    assert len(set(digests)) == 4


def test_we_are_not_a_library_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch of ours does not retrain for days: an executor version stands for it."""
    place = environment(tmp_path / "site", monkeypatch)
    before = place.digest()
    place.install("release_tasks-0.1.0", ["release_tasks/__init__.py,sha256=x,1"])
    assert place.digest() == before


def test_what_was_computed_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = environment(tmp_path / "site", monkeypatch)
    time.sleep(2 * GRANULARITY_NS / 1e9)  # what changed within this tick is computed again
    before = place.digest()
    monkeypatch.setattr(toolchain, "_relocatable", lambda _lines: pytest.fail("read again"))
    assert place.digest() == before


def test_the_real_environment_is_seen() -> None:
    names = [Path(record).parent.name for record in toolchain._record_files()]
    assert any(name.startswith("numpy-") for name in names)
    assert not any(name.startswith("release_tasks-") for name in names)


def test_our_own_code_counts_for_our_own_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "release_tasks"
    for name in (
        "__init__.py",
        "stages/gate.py",
        "schemas/a.json",
        "__pycache__/x.pyc",
        "stages/__pycache__/y.txt",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("1")
    monkeypatch.setattr(release_tasks, "__file__", str(package / "__init__.py"))
    database = StateDatabase(tmp_path / "s.sqlite")
    before = own_code_digest(database)
    for name in ("__pycache__/x.pyc", "stages/__pycache__/y.txt"):
        (package / name).write_text("changed")
        assert own_code_digest(database) == before
    for name in ("stages/gate.py", "schemas/a.json"):
        (package / name).write_text("changed")
        after = own_code_digest(database)
        assert after != before
        before = after


def user(tmp_path: Path, **changed: Any) -> str:
    values: dict[str, Any] = {
        "libraries": "l",
        "program": "python",
        "root": tmp_path,
        "pass_": (),
        "numeric_id": "v3",
        "mode": "sandbox",
    }
    return user_toolchain(StateDatabase(tmp_path / "s.sqlite"), **{**values, **changed})


def test_everything_a_command_may_depend_on_is_in_its_toolchain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "1")
    base = user(tmp_path)
    assert base == user(tmp_path, pass_=("NOT_SET",))
    assert sys.version in base
    others = [
        user(tmp_path, libraries="m"),
        user(tmp_path, numeric_id="portable"),
        user(tmp_path, mode="no sandbox"),
        user(tmp_path, pass_=("TOKEN",)),
        user(tmp_path, program="sh"),
        user(tmp_path, program="no-such-program"),
    ]
    monkeypatch.setenv("TOKEN", "2")
    others.append(user(tmp_path, pass_=("TOKEN",)))
    assert len({base, *others}) == 8


def test_the_order_of_passed_variables_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "1")
    monkeypatch.setenv("B", "2")
    assert user(tmp_path, pass_=("A", "B")) == user(tmp_path, pass_=("B", "A"))


def test_a_script_of_the_project_counts_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found from the project, not from the folder of the caller."""
    elsewhere = tmp_path / "elsewhere"
    for folder in (tmp_path, elsewhere):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "train").write_text("1")
        (folder / "bin" / "train").chmod(0o755)
    monkeypatch.chdir(elsewhere)
    before = user(tmp_path, program="bin/train")
    (elsewhere / "bin" / "train").write_text("22")
    assert user(tmp_path, program="bin/train") == before
    (tmp_path / "bin" / "train").write_text("22")
    assert user(tmp_path, program="bin/train") != before


def test_a_program_is_looked_for_where_it_will_be_run_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands get a PATH of their own; the user's must not decide which program the key speaks of."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").write_text("#!/bin/true\n")
    (tmp_path / "bin" / "sh").chmod(0o755)
    before = user(tmp_path, program="sh")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert user(tmp_path, program="sh") == before


def test_our_toolchain_is_code_libraries_and_interpreter(tmp_path: Path) -> None:
    database = StateDatabase(tmp_path / "s.sqlite")
    assert own_toolchain(database, libraries="l").split("\n", 2) == [
        own_code_digest(database),
        "l",
        interpreter_id(),
    ]
    assert sys.prefix not in interpreter_id()
