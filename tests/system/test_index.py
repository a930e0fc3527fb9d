from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import ConfigError, PathError
from release_tasks.records.digest import sha256
from release_tasks.records.identity import tree_digest
from release_tasks.records.step import Tree
from release_tasks.system import hashing
from release_tasks.system import index as module
from release_tasks.system.hashing import digest_file
from release_tasks.system.index import DigestIndex, Known, leave_tick
from release_tasks.system.stat_key import GRANULARITY_NS, StatKey, stat_key
from release_tasks.system.state import StateDatabase

Open = Callable[[], DigestIndex]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def opened(root: Path) -> Open:
    """A new process, as far as the index can tell: same database, nothing seen yet."""
    return lambda: DigestIndex(
        StateDatabase(root / ".release" / "index.sqlite"), root, {"data": root.parent / "outside"}
    )


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, in order."""
    names: list[str] = []
    one, many = hashing.digest_file, hashing.digest_many

    def digest_one(path: Any, **options: Any) -> Any:
        assert options["sync"] is True
        names.append(Path(path).name)
        return one(path, **options)

    def digest_several(paths: Any, **options: Any) -> Any:
        assert options["sync"] is True
        names.extend(Path(path).name for path in paths)
        return many(paths, **options)

    monkeypatch.setattr(module, "digest_file", digest_one)
    monkeypatch.setattr(module, "digest_many", digest_several)
    return names


def write(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def pause() -> None:
    time.sleep(2.5 * GRANULARITY_NS / 1e9)


def hex_of(index: DigestIndex, path: str) -> str | None:
    digest = index.sha256(path)
    return None if digest is None else digest.hex


def test_a_file_is_hashed_once_for_all_tasks_and_runs(root: Path, opened: Open, hashed: list[str]) -> None:
    wanted = write(root / "a", b"abc")
    pause()
    index = opened()
    assert [hex_of(index, "a") for _ in range(3)] == [wanted] * 3
    index.forget()
    assert hex_of(index, "a") == wanted
    assert hex_of(opened(), "a") == wanted
    assert hashed == ["a"]


def test_a_file_that_is_not_there_has_no_digest(root: Path, opened: Open) -> None:
    index = opened()
    assert index.sha256("a") is None
    assert index.sha256("a/b") is None
    wanted = write(root / "a", b"")
    assert hex_of(index, "a") == wanted
    (root / "a").unlink()
    assert index.sha256("a") is None


def edit_in_place(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"xyz")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename_over(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"xyz")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.skipif(sys.platform == "win32", reason="ctime is the time of creation there")
@pytest.mark.parametrize("change", [edit_in_place, rename_over])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_change_of_the_same_size_with_the_old_mtime_is_seen(
    root: Path, opened: Open, change: Callable[[Path], None], *, fresh: bool
) -> None:
    write(root / "a", b"abc")
    os.utime(root / "a", ns=(5, 5))
    pause()
    index = opened()
    assert hex_of(index, "a") == hashlib.sha256(b"abc").hexdigest()
    pause()
    change(root / "a")
    assert (root / "a").stat().st_mtime_ns == 5
    index = opened() if fresh else index
    assert hex_of(index, "a") == hashlib.sha256(b"xyz").hexdigest()


KEY = StatKey(size=3, mtime_ns=10**18, ctime_ns=10**18 + 7, inode=1, device=2)


@pytest.mark.parametrize(
    ("began_ns", "holds"),
    [
        (KEY.ctime_ns, False),
        (KEY.ctime_ns + GRANULARITY_NS, False),
        (KEY.ctime_ns + GRANULARITY_NS + 1, True),
        (KEY.ctime_ns + 10**12, True),
        (0, False),
    ],
)
def test_a_digest_begun_within_the_tick_of_the_last_change_never_counts(
    began_ns: int, *, holds: bool
) -> None:
    assert Known(KEY, began_ns, "0" * 64).holds(KEY) is holds


@pytest.mark.parametrize("field", StatKey._fields)
def test_a_digest_counts_for_one_state_of_one_file(field: str) -> None:
    known = Known(KEY, KEY.ctime_ns + 10**12, "0" * 64)
    assert known.holds(KEY)
    assert not known.holds(KEY._replace(**{field: getattr(KEY, field) + 1}))


@pytest.mark.parametrize(("late_ns", "trusted"), [(0, False), (1, True)])
def test_the_racy_rule_goes_through_the_database(
    root: Path, opened: Open, late_ns: int, *, trusted: bool
) -> None:
    true = write(root / "a", b"abc")
    key = stat_key(root / "a")
    began = max(key.mtime_ns, key.ctime_ns) + GRANULARITY_NS + late_ns
    opened().remember_many([("a", Known(key, began, "e" * 64))])
    assert hex_of(opened(), "a") == ("e" * 64 if trusted else true)


@pytest.mark.parametrize("text", ["", "garbage", "1 2 3", "a b c d e f " + "0" * 64, "1 2 3 4 5 6 7 8 9"])
def test_a_row_that_is_not_ours_is_hashed_again(root: Path, opened: Open, text: str) -> None:
    wanted = write(root / "a", b"abc")
    database = StateDatabase(root / ".release" / "index.sqlite")
    database.put([("file/a", text)])
    assert hex_of(opened(), "a") == wanted
    assert opened().tree(Tree(("a*",))).digest == tree_digest([("a", wanted)])


def test_what_was_remembered_is_not_hidden_by_what_was_seen(root: Path, opened: Open) -> None:
    write(root / "a", b"abc")
    index = opened()
    index.sha256("a")
    key = stat_key(root / "a")
    index.remember_many([("a", Known(key, key.ctime_ns + 10**10, "e" * 64))])
    assert hex_of(index, "a") == "e" * 64


def test_a_file_moved_into_place_is_not_hashed_again(root: Path, opened: Open, hashed: list[str]) -> None:
    """Design §6: the digest saved is the one computed while the output was published, not a later read."""
    wanted = write(root / "staged", b"abc")
    leave_tick(stat_key(root / "staged"))
    index = opened()
    digests = digest_file(root / "staged", blake3=False, sync=True)
    (root / "staged").replace(root / "final")
    index.remember_moved([("final", digests, stat_key(root / "final"))])
    assert hex_of(index, "final") == wanted
    assert hex_of(opened(), "final") == wanted
    assert hashed == []


@pytest.mark.skipif(sys.platform == "win32", reason="ctime is the time of creation there")
@pytest.mark.parametrize("when", ["before the move", "after the move"])
def test_a_file_changed_around_its_move_is_hashed_again(root: Path, opened: Open, when: str) -> None:
    write(root / "staged", b"abc")
    os.utime(root / "staged", ns=(5, 5))
    leave_tick(stat_key(root / "staged"))
    index = opened()
    digests = digest_file(root / "staged", blake3=False, sync=True)
    if when == "before the move":
        (root / "staged").write_bytes(b"xyz")
    (root / "staged").replace(root / "final")
    key = stat_key(root / "final")
    if when == "after the move":
        pause()
        (root / "final").write_bytes(b"xyz")
        os.utime(root / "final", ns=(5, 5))
    index.remember_moved([("final", digests, key)])
    assert hex_of(index, "final") == hashlib.sha256(b"xyz").hexdigest()


def test_a_digest_that_was_racy_before_the_move_is_racy_after_it(root: Path, opened: Open) -> None:
    wanted = write(root / "staged", b"abc")
    digests = digest_file(root / "staged", blake3=False, sync=True)
    newest = max(digests.key.mtime_ns, digests.key.ctime_ns)
    late = replace(digests, sha256=sha256("e" * 64), began_ns=newest + GRANULARITY_NS)
    (root / "staged").replace(root / "final")
    index = opened()
    index.remember_moved([("final", late, stat_key(root / "final"))])
    assert hex_of(index, "final") == wanted
    trusted = replace(late, began_ns=late.began_ns + 1)
    index.remember_moved([("final", trusted, stat_key(root / "final"))])
    index.forget()
    assert hex_of(index, "final") == "e" * 64


def test_a_large_file_just_written_is_hashed_once(
    root: Path, opened: Open, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WORTH_A_PAUSE", 100)
    wanted = write(root / "a", b"x" * 200)
    assert hex_of(opened(), "a") == wanted
    assert hex_of(opened(), "a") == wanted
    assert hashed == ["a"]


def test_a_tree_is_the_digest_of_its_sorted_paths_and_bytes(root: Path, opened: Open) -> None:
    """K22: a rename changes it."""
    entries = [(path, write(root / path, path.encode())) for path in ("d/b", "d/a/c", "d/a-b")]
    (root / "d/.hidden").touch()
    tree = Tree(("d/**",))
    state = opened().tree(tree)
    assert (state.digest, state.files, state.size) == (tree_digest(entries), 3, 3 + 5 + 5)
    assert opened().tree_files(tree) == ("d/a-b", "d/a/c", "d/b")
    assert [(path, digest.hex) for path, digest in opened().tree_digests(tree)] == sorted(entries)
    (root / "d/b").rename(root / "d/z")
    assert opened().tree(tree).digest != state.digest


def test_of_a_large_tree_only_what_changed_is_hashed_again(
    root: Path, opened: Open, hashed: list[str]
) -> None:
    for number in range(2000):
        (root / "data" / f"{number % 7}").mkdir(parents=True, exist_ok=True)
        (root / "data" / f"{number % 7}" / f"{number:04}.json").write_bytes(b"%d" % number)
    tree = Tree(("data/**/*.json",))
    pause()
    first = opened().tree(tree)
    assert (len(hashed), first.files) == (2000, 2000)
    hashed.clear()
    assert opened().tree(tree) == first
    assert hashed == []
    write(root / "data/3/0003.json", b"x")
    pause()
    second = opened().tree(tree)
    assert hashed == ["0003.json"]
    assert second.digest != first.digest
    hashed.clear()
    (root / "data/4/0004.json").unlink()
    (root / "data/4/new.json").write_bytes(b"new")
    pause()
    third = opened().tree(tree)
    assert hashed == ["new.json"]
    assert (third.files, third.digest != second.digest) == (2000, True)


def test_a_tree_that_stands_costs_one_row(root: Path, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        write(root / "d" / str(number), b"x")
    pause()
    opened().tree(Tree(("d/*",)))
    asked: list[str] = []
    get = StateDatabase.get

    def ask(database: StateDatabase, key: str) -> str | None:
        asked.append(key)
        return get(database, key)

    monkeypatch.setattr(StateDatabase, "get", ask)
    monkeypatch.setattr(StateDatabase, "scan", lambda *_: pytest.fail("scanned"))
    monkeypatch.setattr(StateDatabase, "put", lambda *_: pytest.fail("written"))
    opened().tree(Tree(("d/*",)))
    assert asked == ["tree/d/*"]


def test_within_one_run_a_tree_is_looked_at_once_until_it_is_forgotten(root: Path, opened: Open) -> None:
    write(root / "d/a", b"1")
    index = opened()
    before = index.tree(Tree(("d/*",)))
    write(root / "d/b", b"2")
    assert index.tree(Tree(("d/*",))) is before
    index.forget()
    assert index.tree(Tree(("d/*",))).files == 2


@pytest.mark.skipif(sys.platform == "win32", reason="ctime is the time of creation there")
def test_a_file_of_a_tree_edited_with_its_old_mtime_is_seen(root: Path, opened: Open) -> None:
    write(root / "d/a", b"abc")
    pause()
    before = opened().tree(Tree(("d/*",)))
    edit_in_place(root / "d/a")
    assert opened().tree(Tree(("d/*",))).digest != before.digest


def test_a_pattern_from_the_root_never_means_our_own_folders(root: Path, opened: Open) -> None:
    for path in ("a.json", "release/1.0.0/m.json", "released.json", "releases/x.json", "b/release/c.json"):
        write(root / path, b"x")
    assert opened().tree_files(Tree(("**/*.json",))) == (
        "a.json",
        "b/release/c.json",
        "released.json",
        "releases/x.json",
    )
    assert opened().tree_files(Tree(("*/**",))) == ("b/release/c.json", "releases/x.json")
    assert opened().tree_files(Tree((".*/*",), optional=True)) == ()
    assert opened().tree_files(Tree(("release/**",))) == ("release/1.0.0/m.json",)


def test_roots_outside_have_names(root: Path, opened: Open) -> None:
    wanted = write(root.parent / "outside/x/a.json", b"abc")
    index = opened()
    assert index.locate("data:x/a.json") == root.parent / "outside/x/a.json"
    assert hex_of(index, "data:x/a.json") == wanted
    assert index.tree_files(Tree(("data:**",))) == ("data:x/a.json",)
    assert index.tree(Tree(("data:x/*",))).digest == tree_digest([("data:x/a.json", wanted)])
    assert index.expand(("data:x/*.json", "a")) == ("a", "data:x/a.json")


def test_a_colon_that_names_no_root_is_part_of_a_path(root: Path, opened: Open) -> None:
    """doit names files outside the project by a path; a folder above may have a colon in its name."""
    wanted = write(root.parent / "odd:name" / "a", b"abc")
    assert hex_of(opened(), "../odd:name/a") == wanted


def test_several_patterns_are_one_tree_and_each_file_counts_once(root: Path, opened: Open) -> None:
    for path in ("d/a", "d/b", "e/c"):
        write(root / path, b"x")
    assert opened().tree_files(Tree(("e/*", "d/*", "d/a"))) == ("d/a", "d/b", "e/c")
    assert opened().tree(Tree(("e/*", "d/*", "d/a"))).files == 3


def test_a_pattern_without_a_match_is_a_mistake_unless_it_may_be_empty(root: Path, opened: Open) -> None:
    write(root / "d/a", b"x")
    with pytest.raises(ConfigError) as caught:
        opened().tree(Tree(("d/*", "e/*")))
    assert str(caught.value) == (
        "the pattern e/* matches no file\n"
        "  wanted: at least one file\n"
        f"  found:  none below {root}\n"
        "  hint:   correct the pattern, or make the files that it should match"
    )
    empty = opened().tree(Tree(("e/*",), optional=True))
    assert (empty.files, empty.size, empty.digest) == (0, 0, tree_digest([]))
    assert opened().tree(Tree(("e/*",), optional=True)) == empty


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="file names are text there")
def test_a_name_that_is_not_utf8_is_refused_and_not_a_traceback(root: Path, opened: Open) -> None:
    (root / "d").mkdir()
    (root / "d" / "good").touch()
    Path(os.fsdecode(os.fsencode(root / "d") + b"/b\xffd")).touch()
    for ask in (opened().tree, opened().tree_files, opened().tree_digests):
        with pytest.raises(PathError) as caught:
            ask(Tree(("d/*",)))
        assert (caught.value.what, caught.value.found) == (
            "a file has a name that is not UTF-8",
            "d/b\\udcffd",
        )


@pytest.mark.skipif(sys.platform == "win32", reason="no file has a colon in its name there")
def test_a_name_with_a_colon_is_refused_because_a_colon_marks_a_root(root: Path, opened: Open) -> None:
    """K15: `more/a:b` would read as `b` below the root `more/a`."""
    write(root / "d/a:b", b"")
    with pytest.raises(PathError) as caught:
        opened().tree_files(Tree(("d/*",)))
    assert (caught.value.what, caught.value.found) == ("a file has a name with a colon", "d/a:b")


def test_links_of_inputs_are_followed(root: Path, opened: Open) -> None:
    """Design §3: a Hugging Face cache is full of links."""
    wanted = write(root.parent / "blob", b"abc")
    (root / "a").symlink_to(root.parent / "blob")
    assert hex_of(opened(), "a") == wanted
    assert opened().tree(Tree(("a*",))).digest == tree_digest([("a", wanted)])
