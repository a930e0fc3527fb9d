"""Inputs that are missing, no files, or whose names cannot stand together: refused before anything is packaged."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.blackbox.foreign import ARTIFACTS, HEAD, freeze_and_release, project, run, snapshot, write

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="file systems elsewhere fold names")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an accepted release; tests work on copies."""
    folder = project(tmp_path_factory.mktemp("original") / "p")
    assert freeze_and_release(folder).code == 0
    return folder


@pytest.fixture
def released(original: Path, tmp_path: Path) -> Iterator[Path]:
    """A released project that the test breaks; the release stays as it was, and nothing half stays beside it."""
    folder = tmp_path / "p"
    shutil.copytree(original, folder)
    before = snapshot(folder / "release")
    yield folder
    assert snapshot(folder / "release") == before
    assert sorted(path.name for path in (folder / "release").iterdir()) == sorted(
        path.name for path in (original / "release").iterdir()
    )


def as_folder(path: Path) -> None:
    path.mkdir()


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (as_folder, "a directory"),
        (as_pipe, "a named pipe"),
        (as_link_to_a_device, "a character device"),
    ],
)
def test_an_artifact_that_is_no_file_is_refused(
    released: Path, make: Callable[[Path], None], found: str
) -> None:
    lock = (released / "release.lock").read_bytes()
    path = released / "config.json"
    path.unlink()
    make(path)
    message = (
        "not a regular file\n"
        "  wanted: a regular file\n"
        f"  found:  {found}\n"
        f"  where:  {path}\n"
        "  hint:   replace it by the file itself; only regular files are read"
    )
    frozen = run(released, "freeze", "--update")
    assert (frozen.code, frozen.err) == (1, f"{message}\n")
    done = run(released, "release")
    assert done.code == 1
    assert done.failure == message
    assert (released / "release.lock").read_bytes() == lock


def test_a_special_file_among_the_extra_files_is_refused(released: Path) -> None:
    write(released, {"release.toml": f'{HEAD}{ARTIFACTS}extra = ["notes/*"]\n', "notes/a.txt": "a"})
    os.mkfifo(released / "notes" / "b.txt")
    done = run(released, "freeze", "--update")
    assert (done.code, done.err) == (
        1,
        (
            "not a regular file\n"
            "  wanted: a regular file\n"
            "  found:  a named pipe\n"
            f"  where:  {released / 'notes' / 'b.txt'}\n"
            "  hint:   replace it by the file itself; only regular files are read\n"
        ),
    )
    assert run(released, "release").code == 1


def test_a_link_that_leads_nowhere_among_the_extra_files_is_refused(released: Path) -> None:
    write(released, {"release.toml": f'{HEAD}{ARTIFACTS}extra = ["notes/*"]\n', "notes/a.txt": "a"})
    (released / "notes" / "b.txt").symlink_to("nowhere")
    done = run(released, "freeze", "--update")
    assert (done.code, done.err) == (
        2,
        (
            "the file does not exist\n"
            "  found: ENOENT: No such file or directory\n"
            f"  where: {released / 'notes' / 'b.txt'}\n"
            "  hint:  check the path, or run the step that makes the file\n"
        ),
    )
    assert run(released, "release").code != 0


@pytest.mark.parametrize("how", ["gone", "a link that leads nowhere"])
def test_a_missing_tokenizer_is_refused(released: Path, how: str) -> None:
    lock = (released / "release.lock").read_bytes()
    (released / "tokenizer.json").unlink()
    if how != "gone":
        (released / "tokenizer.json").symlink_to("nowhere.json")
    done = run(released, "release")
    assert done.code == 3
    assert done.failure == (
        "frozen:inputs reads a file that does not exist\n"
        "  wanted: tokenizer.json\n"
        "  found:  no such file\n"
        f"  where:  {released / 'tokenizer.json'}\n"
        "  hint:   correct the path in release.toml, or declare the step that writes it"
    )
    frozen = run(released, "freeze", "--update")
    assert (frozen.code, frozen.out) == (3, "")
    assert frozen.err == (
        "release.toml names files that do not exist\n"
        "  wanted: every input, to freeze it\n"
        "  found:  tokenizer.json\n"
        f"  where:  {released / 'release.toml'}\n"
        "  hint:   correct the path in release.toml, or declare the step that writes it\n"
    )
    assert (released / "release.lock").read_bytes() == lock


def test_a_pattern_that_matches_nothing_is_refused(released: Path) -> None:
    write(released, {"release.toml": f'{HEAD}{ARTIFACTS}extra = ["notes/*.txt"]\n'})
    done = run(released, "freeze", "--update")
    assert (done.code, done.err) == (
        3,
        (
            "the pattern notes/*.txt matches no file\n"
            "  wanted: at least one file\n"
            f"  found:  none below {released}\n"
            "  hint:   correct the pattern, or make the files that it should match\n"
        ),
    )


COLLISIONS = (
    (
        ("notes/README.md", "notes/readme.md"),
        (
            "two files would be readme.md in the release\n"
            "  wanted: names that differ by more than case or Unicode form\n"
            "  found:  notes/README.md and notes/readme.md\n"
            "  where:  release.toml: artifacts\n"
            "  hint:   rename one of them, or narrow the pattern in artifacts.extra"
        ),
    ),
    (
        ("notes/a/README.md", "notes/b/README.md"),
        (
            "two files would be README.md in the release\n"
            "  wanted: names that differ by more than case or Unicode form\n"
            "  found:  notes/a/README.md and notes/b/README.md\n"
            "  where:  release.toml: artifacts\n"
            "  hint:   rename one of them, or narrow the pattern in artifacts.extra"
        ),
    ),
    (
        ("notes/manifest.JSON",),
        (
            "two files would be manifest.JSON in the release\n"
            "  wanted: names that differ by more than case or Unicode form\n"
            "  found:  MANIFEST.json, which packaging writes and notes/manifest.JSON\n"
            "  where:  release.toml: artifacts\n"
            "  hint:   rename one of them, or narrow the pattern in artifacts.extra"
        ),
    ),
    (
        ("notes/e\u0301.md",),
        (
            "path refused: it is not in Unicode normal form C\n"
            "  wanted: a relative POSIX path inside the tree\n"
            "  found:  'e\\u0301.md'\n"
            "  where:  release.toml: artifacts, the file 'notes/e\\u0301.md'"
        ),
    ),
    (
        ("notes/stra\u00dfe.md", "notes/STRASSE.md"),
        (
            "two files would be stra\u00dfe.md in the release\n"
            "  wanted: names that differ by more than case or Unicode form\n"
            "  found:  notes/STRASSE.md and notes/stra\\xdfe.md\n"
            "  where:  release.toml: artifacts\n"
            "  hint:   rename one of them, or narrow the pattern in artifacts.extra"
        ),
    ),
    (
        ("notes/a\\b.md",),
        (
            "path refused: it holds a backslash\n"
            "  wanted: a relative POSIX path inside the tree\n"
            "  found:  'a\\\\b.md'\n"
            "  where:  release.toml: artifacts, the file 'notes/a\\\\b.md'"
        ),
    ),
    (
        ("notes/aux.md",),
        (
            "path refused: it has a component that Windows reserves\n"
            "  wanted: a relative POSIX path inside the tree\n"
            "  found:  'aux.md'\n"
            "  where:  release.toml: artifacts, the file 'notes/aux.md'"
        ),
    ),
)


@LINUX
@pytest.mark.parametrize(("names", "message"), COLLISIONS, ids=[names[0] for names, _ in COLLISIONS])
def test_names_that_a_pattern_brings_must_live_on_every_system(
    released: Path, names: tuple[str, ...], message: str
) -> None:
    files = dict.fromkeys(names, "text\n")
    write(released, {"release.toml": f'{HEAD}{ARTIFACTS}extra = ["notes/**/*"]\n', **files})
    done = freeze_and_release(released)
    assert done.code == 3
    assert done.failure == message


def test_a_root_that_is_not_there_names_the_file_that_is_missed(released: Path) -> None:
    artifacts = ARTIFACTS.replace('"model.safetensors"', '"big:model.safetensors"')
    write(released, {"release.toml": f'{HEAD}{artifacts}\n[roots]\nbig = "elsewhere"\n'})
    done = run(released, "release")
    assert done.code == 3
    assert done.failure == (
        "frozen:inputs reads a file that does not exist\n"
        "  wanted: big:model.safetensors\n"
        "  found:  no such file\n"
        f"  where:  {released / 'elsewhere' / 'model.safetensors'}\n"
        "  hint:   correct the path in release.toml, or declare the step that writes it"
    )


def test_a_folder_in_place_of_the_lock_is_refused(released: Path) -> None:
    (released / "release.lock").unlink()
    (released / "release.lock").mkdir()
    message = (
        "a folder is where a file should be\n"
        "  found: EISDIR: Is a directory\n"
        f"  where: {released / 'release.lock'}\n"
        "  hint:  move the folder away"
    )
    frozen = run(released, "freeze")
    assert (frozen.code, frozen.err) == (2, f"{message}\n")
    done = run(released, "release")
    assert done.code == 2
    assert done.failure == message


@pytest.mark.parametrize("found", ["a file", "a symbolic link"])
def test_releases_go_to_a_real_folder_only(tmp_path: Path, found: str) -> None:
    folder = project(tmp_path / "p")
    assert run(folder, "freeze").code == 0
    (tmp_path / "other disk").mkdir()
    if found == "a file":
        write(folder, {"release": "notes about the release\n"})
    else:
        (folder / "release").symlink_to(tmp_path / "other disk")
    before = snapshot(folder)
    done = run(folder, "release")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "release is not a folder\n"
        "  wanted: a real folder, where finished releases go, or nothing yet\n"
        f"  found:  {found}\n"
        f"  where:  {folder / 'release'}\n"
        "  hint:   move it away; to use another disk, mount it at this place\n"
    )
    assert snapshot(folder) == before


def test_a_policy_that_is_a_folder_is_refused(released: Path) -> None:
    (released / "release_policy.yml").mkdir()
    message = (
        "the policy is a folder\n"
        "  wanted: a file\n"
        f"  where:  {released / 'release_policy.yml'}\n"
        "  hint:   name another with policy in [release] or --policy FILE\n"
    )
    for word in ("check", "release"):
        done = run(released, word)
        assert (done.code, done.out, done.err) == (3, "", message)
