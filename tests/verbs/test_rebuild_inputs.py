"""Files that git does not hold are found by digest, never by name; what git holds is never replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from release_tasks.config.schema import Release
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.identity import tree_digest
from release_tasks.records.manifest import MANIFEST, manifest_from_json
from release_tasks.records.step import Tree
from release_tasks.stages.workspace import Workspace
from release_tasks.system.index import DigestIndex
from release_tasks.system.rebuild_store import RebuildStore
from release_tasks.system.state import StateDatabase
from release_tasks.verbs.rebuild_inputs import Sources, is_lacking, supply_output, supply_reads
from tests.fakes.release_toml import changed, parse
from tests.fakes.release_tree import release_files, write_release

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"
NOTHING: frozenset[str] = frozenset()


class Place:
    """A fresh place with a few files, and everywhere that others may come from."""

    def __init__(self, tmp_path: Path) -> None:
        self.base = tmp_path
        self.released = write_release(tmp_path / "released")
        self.fresh, self.working = tmp_path / "fresh", tmp_path / "working"
        for folder in (self.fresh, self.working):
            folder.mkdir()
        release: Release = parse(changed("roots", {"corpus": "../fresh-corpus"}))
        release = replace(release, root=self.fresh)
        self.workspace = Workspace(release)
        self.store = RebuildStore(folder=tmp_path / "rebuilds")

    def sources(self, *folders: str) -> Sources:
        data = (self.released / MANIFEST).read_bytes()
        manifest = manifest_from_json(parse_canonical(data, where=MANIFEST))
        roots = {"corpus": self.base / "corpus"}
        working = DigestIndex(StateDatabase(self.base / "working.sqlite"), self.working, roots)
        return Sources(
            release=(self.released, manifest),
            store=self.store,
            working=working,
            folders=[self.base / folder for folder in folders],
        )

    def write(self, name: str, data: bytes) -> Digest:
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return of(data)

    def read(self, name: str) -> bytes:
        return (self.fresh / name).read_bytes()


def of(data: bytes) -> Digest:
    return sha256(hashlib.sha256(data).hexdigest())


def whole(files: dict[str, bytes]) -> Digest:
    return tree_digest((path, of(data).hex) for path, data in files.items())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("where", ["release", "store", "working tree", "folder", "folder, renamed", "root"])
def test_a_file_is_found_by_its_digest(place: Place, where: str) -> None:
    data = release_files()["tokenizer.json"] if where == "release" else b"large\n"
    name = "corpus:big.bin" if where == "root" else "data/big.bin"
    match where:
        case "store":
            place.write("made", data)
            place.store.keep_output(place.base / "made", of(data))
        case "working tree":
            place.write("working/data/big.bin", data)
        case "folder":
            place.write("folder/data/big.bin", data)
        case "folder, renamed":
            place.write("folder/a/b/c.txt", data)
        case "root":
            place.write("corpus/big.bin", data)
    place.write("other/data/big.bin", b"wrong\n")
    sources = place.sources("other", "folder")
    (place.base / "folder").mkdir(exist_ok=True)
    assert supply_reads([name], place.workspace, sources, {name: of(data)}, NOTHING) == ((name,), ())
    assert place.workspace.index.sha256(name) == of(data)
    assert sources.supplied == {name}
    again = supply_reads([name], place.workspace, sources, {name: of(data)}, NOTHING)
    assert again == ((name,), ())  # still given, to whichever step reads it next


def test_a_file_of_the_right_name_is_not_taken_for_its_name(place: Place) -> None:
    for folder in ("working", "folder"):
        place.write(f"{folder}/big.bin", b"wrong\n")
    wanted = of(b"large\n")
    sources = place.sources("folder")
    assert supply_reads(["big.bin"], place.workspace, sources, {"big.bin": wanted}, NOTHING) == (
        (),
        (f"big.bin ({wanted.short})",),
    )
    assert supply_reads(["unfrozen"], place.workspace, sources, {}, NOTHING) == ((), ("unfrozen",))
    assert not (place.fresh / "big.bin").exists()
    assert sources.supplied == set()


def test_what_the_commit_holds_stays_whatever_the_lock_says(place: Place) -> None:
    place.write("fresh/train.py", b"committed\n")
    place.write("fresh/data/a.txt", b"committed\n")
    locked = place.write("working/train.py", b"frozen\n")
    place.write("working/data/a.txt", b"frozen\n")
    frozen = {"train.py": locked, "data/*.txt": whole({"data/a.txt": b"frozen\n"})}
    reads = ["train.py", Tree(("data/*.txt",))]
    assert supply_reads(reads, place.workspace, place.sources(), frozen, NOTHING) == ((), ())
    assert (place.read("train.py"), place.read("data/a.txt")) == (b"committed\n", b"committed\n")


def test_a_pointer_of_lfs_is_replaced_by_what_it_stands_for(place: Place) -> None:
    place.write("fresh/model.bin", POINTER)
    assert is_lacking("model.bin", place.workspace)
    wanted = place.write("working/model.bin", b"weights\n")
    given = supply_reads(["model.bin"], place.workspace, place.sources(), {"model.bin": wanted}, NOTHING)
    assert (given, place.read("model.bin")) == ((("model.bin",), ()), b"weights\n")
    assert not is_lacking("model.bin", place.workspace)


def test_a_large_file_is_shown_and_not_copied(place: Place) -> None:
    wanted = place.write("working/large.bin", bytes(2 << 20))
    assert supply_output("large.bin", wanted, place.workspace, place.sources())
    assert (place.fresh / "large.bin").readlink() == place.working / "large.bin"


@pytest.mark.parametrize("where", ["working", "folder"])
def test_a_glob_is_made_whole_of_what_git_holds_and_what_it_does_not(place: Place, where: str) -> None:
    """What steps of the first build left there is no input; a folder need not have what git holds."""
    files = {"data/a.txt": b"held\n", "data/large.txt": b"ignored\n"}
    place.write("fresh/data/a.txt", files["data/a.txt"])
    place.write(f"{where}/data/large.txt", files["data/large.txt"])
    place.write(f"{where}/data/made.txt", b"left by a step\n")
    if where == "working":
        place.write("working/data/a.txt", files["data/a.txt"])
    tree, made = Tree(("data/*.txt",)), frozenset({"data/made.txt"})
    sources = place.sources("folder")
    (place.base / "folder").mkdir(exist_ok=True)
    frozen: Mapping[str, Digest] = {"data/*.txt": whole(files)}
    for _ in range(2):
        assert supply_reads([tree], place.workspace, sources, frozen, made) == (("data/*.txt",), ())
    assert place.read("data/large.txt") == files["data/large.txt"]
    assert not (place.fresh / "data" / "made.txt").exists()
    assert sources.supplied == {"data/large.txt"}


def test_a_glob_of_a_root_comes_from_a_folder_too(place: Place) -> None:
    files = {"corpus:a.txt": b"a\n", "corpus:sub/b.txt": b"b\n"}
    for name, data in files.items():
        place.write(f"folder/{name.partition(':')[2]}", data)
    tree = Tree(("corpus:**/*.txt",))
    frozen = {"corpus:**/*.txt": whole(files)}
    given = supply_reads([tree], place.workspace, place.sources("folder"), frozen, NOTHING)
    assert given == (("corpus:**/*.txt",), ())
    assert {name: place.workspace.index.sha256(name) for name in files} == {
        name: of(data) for name, data in files.items()
    }


def test_a_glob_with_one_file_too_many_or_too_few_is_not_found(place: Place) -> None:
    files = {"data/a.txt": b"a\n", "data/b.txt": b"b\n"}
    place.write("working/data/a.txt", files["data/a.txt"])
    for name, data in {**files, "data/c.txt": b"c\n"}.items():
        place.write(f"folder/{name}", data)
    wanted = whole(files)
    frozen = {"data/*.txt": wanted}
    found = supply_reads([Tree(("data/*.txt",))], place.workspace, place.sources("folder"), frozen, NOTHING)
    assert found == ((), (f"data/*.txt ({wanted.short})",))
    assert not (place.fresh / "data").exists()


def test_a_glob_that_may_be_empty_is_not_missing(place: Place) -> None:
    trees = [Tree(("none/*",), optional=True), Tree(("never/*",))]
    assert supply_reads(trees, place.workspace, place.sources(), {}, NOTHING) == ((), ("never/*",))
