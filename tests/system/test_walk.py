from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import IntegrityError, StorageError
from release_tasks.system.stat_key import stat_key
from release_tasks.system.walk import expand_glob, scan, walk_regular

FILES = (
    ".hidden",
    ".secret/file.json",
    "a.json",
    "b.JSON",
    "data/.part.json",
    "data/1.json",
    "data/10.json",
    "data/deep/er/x.json",
    "data/deep/x.json",
    "data/x.txt",
    "data-more/1.json",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in FILES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "empty").mkdir()
    return root


def test_scan_finds_every_file_sorted_with_its_key(tree: Path) -> None:
    assert walk_regular(tree) == sorted(FILES)
    assert scan(tree) == [(name, stat_key(tree / name)) for name in sorted(FILES)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_links_and_special_files_are_all_named(tree: Path) -> None:
    (tree / "data" / "link").symlink_to("1.json")
    (tree / "folder-link").symlink_to("data")
    os.mkfifo(tree / "pipe")
    for call in (walk_regular, scan):
        with pytest.raises(IntegrityError) as caught:
            call(tree)
        assert str(caught.value) == (
            "a tree holds something that is neither a file nor a folder\n"
            "  wanted: regular files and folders only\n"
            "  found:  data/link (link)\n"
            "          folder-link (link)\n"
            "          pipe (special file)\n"
            f"  where:  {tree}\n"
            "  hint:   replace links by the files they point to and remove the rest"
        )


def test_a_missing_root_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the file does not exist"):
        walk_regular(tmp_path / "none")


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("a.json", ["a.json"]),
        ("*.json", ["a.json"]),
        ("[ab].*", ["a.json", "b.JSON"]),
        ("[!a].*", ["b.JSON"]),
        ("?.json", ["a.json"]),
        ("*", ["a.json", "b.JSON"]),
        (".*", [".hidden"]),
        (".*/*", [".secret/file.json"]),
        (".secret/*", [".secret/file.json"]),
        ("data/*.json", ["data/1.json", "data/10.json"]),
        ("data/?.json", ["data/1.json"]),
        ("data/.*", ["data/.part.json"]),
        ("data*/1.json", ["data-more/1.json", "data/1.json"]),
        (
            "**/*.json",
            [
                *("a.json", "data-more/1.json", "data/1.json", "data/10.json"),
                *("data/deep/er/x.json", "data/deep/x.json"),
            ],
        ),
        ("**/x.json", ["data/deep/er/x.json", "data/deep/x.json"]),
        (
            "data/**",
            ["data/1.json", "data/10.json", "data/deep/er/x.json", "data/deep/x.json", "data/x.txt"],
        ),
        ("data/**/er/*", ["data/deep/er/x.json"]),
        ("**/deep/**/x.json", ["data/deep/er/x.json", "data/deep/x.json"]),
        (
            "data/**/**",
            ["data/1.json", "data/10.json", "data/deep/er/x.json", "data/deep/x.json", "data/x.txt"],
        ),
        ("data", []),
        ("none/*", []),
        ("a.json/*", []),
        ("data/deep/*/*", ["data/deep/er/x.json"]),
    ],
)
def test_patterns(tree: Path, pattern: str, wanted: list[str]) -> None:
    assert expand_glob(tree, pattern) == [(name, stat_key(tree / name)) for name in wanted]


NAMES = st.sampled_from(["a", "b", "ab", ".a", "a.b"])
PARTS = st.sampled_from(["*", "**", "a", "?", ".*", "a*", "[ab]", "[!a]*"])


def as_regex(parts: list[str]) -> str:
    """The same language, written down a second way: one regular expression over the whole path."""
    pieces = {
        "*": r"[^/.][^/]*",
        "a": "a",
        "?": r"[^/.]",
        ".*": r"\.[^/]*",
        "a*": "a[^/]*",
        "[ab]": "[ab]",
        "[!a]*": r"[^/a.][^/]*",
    }
    text = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += r"(?:[^/.][^/]*/)*" + (r"[^/.][^/]*" if last else "")
        else:
            text += pieces[part] + ("" if last else "/")
    return text


@settings(max_examples=150, deadline=None)
@given(
    files=st.sets(st.lists(NAMES, min_size=1, max_size=4).map(tuple), max_size=8),
    parts=st.lists(PARTS, min_size=1, max_size=4),
)
def test_globs_agree_with_a_regular_expression(
    tmp_path_factory: pytest.TempPathFactory, files: set[tuple[str, ...]], parts: list[str]
) -> None:
    root = tmp_path_factory.mktemp("glob")
    made = []
    for names in sorted(files):
        path = root.joinpath(*names)
        if not path.exists() and not any(parent.is_file() for parent in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
            made.append("/".join(names))
    wanted = sorted(name for name in made if re.fullmatch(as_regex(parts), name))
    assert [name for name, _ in expand_glob(root, "/".join(parts))] == wanted


def test_a_linked_file_counts_as_its_target_and_a_linked_folder_is_not_entered(tree: Path) -> None:
    (tree / "data" / "z.json").symlink_to(tree / "a.json")
    (tree / "linked").symlink_to("data")
    found = dict(expand_glob(tree, "**/*.json"))
    assert found["data/z.json"] == stat_key(tree / "a.json")
    assert "linked/1.json" not in found
    assert [name for name, _ in expand_glob(tree, "*")] == ["a.json", "b.JSON"]


def test_a_literal_folder_that_is_a_link_is_refused(tree: Path) -> None:
    (tree / "linked").symlink_to("data")
    with pytest.raises(IntegrityError) as caught:
        expand_glob(tree, "linked/*.json")
    assert str(caught.value) == (
        "not a regular folder\n"
        "  wanted: a real folder\n"
        "  found:  a symbolic link\n"
        f"  where:  {tree / 'linked'}\n"
        "  hint:   name the folder that the link points to"
    )


def test_a_link_that_leads_nowhere_is_an_error(tree: Path) -> None:
    (tree / "data" / "z.json").symlink_to("gone")
    with pytest.raises(StorageError) as caught:
        expand_glob(tree, "data/*.json")
    assert str(caught.value) == (
        "the file does not exist\n"
        "  found: ENOENT: No such file or directory\n"
        f"  where: {tree / 'data' / 'z.json'}\n"
        "  hint:  check the path, or run the step that makes the file"
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_matching_pipe_is_refused(tree: Path) -> None:
    os.mkfifo(tree / "pipe.json")
    with pytest.raises(IntegrityError, match="found:  a named pipe"):
        expand_glob(tree, "*.json")
