"""Reading traces and writing the `reads` block."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.workers import diagnosis
from release_tasks.workers.diagnosis import (
    Access,
    findings,
    parse_hook,
    parse_strace,
    reads_block,
    undeclared_reads,
)

TRACE = rb"""
12 execve("/usr/bin/python3", ["python3"], 0x7ffd /* 3 vars */) = 0
12 openat(AT_FDCWD</build>, "data/a.txt", O_RDONLY|O_CLOEXEC) = 3</build/data/a.txt>
13 openat(5</build/data>, "b.txt", O_RDONLY) = 4</build/data/b.txt>
13 openat(AT_FDCWD</build>, "gone", O_RDONLY) = -1 ENOENT (No such file or directory)
12 openat(AT_FDCWD</build>, "out", O_WRONLY|O_CREAT, 0666) = 4
12 openat(AT_FDCWD</build>, "data", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 3</build/data>
12 open("caf\303\251 \"x\".txt", O_RDONLY) = 3
12 newfstatat(AT_FDCWD</build>, "seen-only", {st_mode=S_IFREG|0644}, 0) = 0
12 +++ exited with 0 +++
"""


def access(path: str, *, folder: bool = False, succeeded: bool = True) -> Access:
    return Access(path=path, folder=folder, succeeded=succeeded)


def test_strace_lines_become_accesses() -> None:
    assert parse_strace(TRACE) == (
        access("/usr/bin/python3"),
        access("/build/data/a.txt"),
        access("/build/data/b.txt"),
        access("/build/gone", succeeded=False),
        access("/build/data", folder=True),
        access('café "x".txt'),
    )


@given(st.binary())
def test_no_trace_makes_the_parser_fail(output: bytes) -> None:
    parse_strace(output)
    parse_strace(b'1 openat(AT_FDCWD</build>, "' + output + b'", O_RDONLY) = 3')


def test_hook_paths_become_accesses() -> None:
    assert parse_hook(b"/build/a\nb\0/build/data/\0") == (
        access("/build/a\nb"),
        access("/build/data", folder=True),
    )


def test_undeclared_files_absolute_paths_and_listed_folders_are_told_apart(tmp_path: Path) -> None:
    for path in ("a", "data/b", "data/c", "data/d", ".git/x", "pkg/__pycache__/m.pyc", "declared", "written"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    missing = undeclared_reads(
        [
            access("a"),
            access("/build/data/../data/b"),
            access(f"{tmp_path}/data/c", succeeded=False),
            access("/build/data", folder=True),
            access("/build", folder=True),
            access("/build/.git/x"),
            access("/build/pkg/__pycache__/m.pyc"),
            access("declared"),
            access("written"),
            access("not-in-the-project"),
            access("/usr/lib/libc.so"),
            access("/buildings/a"),
        ],
        root=tmp_path,
        seen_at="/build",
        declared=["declared"],
        writes=["written"],
    )
    assert (missing.files, missing.absolute, missing.listed) == (("a", "data/b"), ("data/c",), ("data",))
    assert findings(missing, 10.0) == [
        "a",
        "data/b",
        "data/c, by its absolute path: use a relative one",
        "it also lists data/: a glob such as data/* declares its files",
        "the search for undeclared reads was stopped after 10 s: there may be more",
    ]


def test_the_block_is_sorted_and_many_siblings_are_a_glob() -> None:
    paths = [
        "train.py",
        *(f"data/{n}.json" for n in range(21)),
        *(f"few/{n}.json" for n in range(2)),
        "train.py",
    ]
    assert reads_block(paths) == (
        'reads = [\n  "data/*.json",\n  "few/0.json",\n  "few/1.json",\n  "train.py",\n]'
    )


@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=("Cc", "Cs", "Cf"), exclude_characters="/"), min_size=1
        ).filter(lambda t: t != "."),
        max_size=20,
        unique=True,
    )
)
def test_the_block_is_toml_that_names_every_path(paths: list[str]) -> None:
    assert tomllib.loads(reads_block(paths)) == {"reads": sorted(paths)}


def test_this_package_is_part_of_the_interpreter_unless_the_step_sees_it_as_a_file_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "release_tasks"
    package.mkdir()
    (package / "pytest_plugin.py").write_text("")
    monkeypatch.setattr(diagnosis, "_OURSELVES", str(package))
    for seen, files in ((str(package), ()), ("/build/release_tasks", ("release_tasks/pytest_plugin.py",))):
        access = Access(path=f"{seen}/pytest_plugin.py", folder=False, succeeded=True)
        found = undeclared_reads([access], root=tmp_path, seen_at="/build", declared=(), writes=())
        assert (found.files, found.absolute) == (files, ())
