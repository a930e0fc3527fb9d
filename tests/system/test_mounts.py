"""Few mounts that show exactly what is declared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import CommandFailed
from release_tasks.system.mounts import copy_into, link_into, parents, plan_project, plan_reads


def plant(root: Path, *paths: str, size: int = 1) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x" * size)


def names(pairs: Iterable[tuple[Path, str]]) -> list[str]:
    return [path for _source, path in pairs]


def test_a_folder_that_is_declared_whole_is_one_bind(tmp_path: Path) -> None:
    plant(tmp_path, "data/a", "data/b", "data/deep/c", "train.py")
    plan = plan_reads(tmp_path, ["data/a", "data/b", "data/deep/c", "train.py"], ["out/model"])
    assert plan.binds == ((tmp_path / "data", "data"), (tmp_path / "train.py", "train.py"))
    assert plan.copies == ()


def test_an_undeclared_neighbour_splits_a_folder(tmp_path: Path) -> None:
    plant(tmp_path, "data/a", "data/b", "data/deep/c", "data/secret")
    plan = plan_reads(tmp_path, ["data/a", "data/b", "data/deep/c"], [])
    assert names(plan.binds) == ["data/deep", "data/a", "data/b"]


def test_a_folder_that_is_written_into_is_not_shown_whole(tmp_path: Path) -> None:
    plant(tmp_path, "data/a", "data/b")
    assert names(plan_reads(tmp_path, ["data/a", "data/b"], ["data/out/c"]).binds) == ["data/a", "data/b"]


def test_a_link_is_bound_by_itself_not_with_its_folder(tmp_path: Path) -> None:
    plant(tmp_path, "blobs/1", "snapshot/b")
    (tmp_path / "snapshot/a").symlink_to("../blobs/1")
    assert names(plan_reads(tmp_path, ["snapshot/a", "snapshot/b"], []).binds) == ["snapshot/a", "snapshot/b"]


def test_an_empty_folder_beside_the_files_does_not_matter_but_an_undeclared_one_splits(
    tmp_path: Path,
) -> None:
    plant(tmp_path, "data/a", "data/other/b")
    assert names(plan_reads(tmp_path, ["data/a"], []).binds) == ["data/a"]


def test_beyond_fifty_binds_small_files_are_copied_and_large_ones_bound(tmp_path: Path) -> None:
    plant(tmp_path, *(f"d/{n:03}" for n in range(100)), "d/undeclared")
    plant(tmp_path, *(f"d/large{n}" for n in range(60)), size=(1 << 20) + 1)
    reads = [*(f"d/{n:03}" for n in range(100)), *(f"d/large{n}" for n in range(60))]
    plan = plan_reads(tmp_path, reads, [])
    assert sorted(names(plan.binds)) == sorted(f"d/large{n}" for n in range(60))
    assert names(plan.copies) == [f"d/{n:03}" for n in range(100)]


def test_four_hundred_whole_folders_stay_below_the_limit(tmp_path: Path) -> None:
    reads = [f"d{n:03}/file" for n in range(400)]
    plant(tmp_path, *reads)
    plan = plan_reads(tmp_path, reads, [])
    assert len(plan.binds) == 300
    assert {*names(plan.copies), *(f"{path}/file" for path in names(plan.binds))} == set(reads)


def test_a_read_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, "data/a")
    with pytest.raises(CommandFailed) as caught:
        plan_reads(tmp_path, ["data/none"], [])
    assert str(caught.value) == (
        "a declared read cannot be read\n  found: data/none: No such file or directory"
    )
    with pytest.raises(CommandFailed) as caught:
        plan_reads(tmp_path, ["data"], [])
    assert str(caught.value) == "a declared read is not a file\n  found: data"


def test_the_project_is_shown_without_repository_state_and_writes(tmp_path: Path) -> None:
    plant(tmp_path, ".git/x", ".release/x", "release/x", ".venv/x", "out/old", "out/model", "src/a", "top")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert names(plan_project(tmp_path, ["out/model", "new/file"]).binds) == ["out/old", "src", "top"]


def test_links_for_folders_and_copies_for_small_files(tmp_path: Path) -> None:
    plant(tmp_path, "root/data/a", "root/train.py")
    plant(tmp_path, "root/large", size=(1 << 20) + 1)
    link_into(tmp_path / "work", plan_reads(tmp_path / "root", ["data/a", "train.py", "large"], []))
    assert (tmp_path / "work/data").is_symlink()
    assert (tmp_path / "work/large").is_symlink()
    assert not (tmp_path / "work/train.py").is_symlink()
    assert (tmp_path / "work/data/a").read_bytes() == (tmp_path / "work/train.py").read_bytes() == b"x"


def test_copying_keeps_the_source_and_its_right_to_run(tmp_path: Path) -> None:
    plant(tmp_path, "tool")
    (tmp_path / "tool").chmod(0o755)
    before = (tmp_path / "tool").stat()
    copy_into(tmp_path / "work", [(tmp_path / "tool", "bin/tool")])
    after = (tmp_path / "tool").stat()
    assert (before.st_ctime_ns, before.st_nlink) == (after.st_ctime_ns, after.st_nlink)
    assert (tmp_path / "work/bin/tool").stat().st_mode & 0o777 == 0o555


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


def _leaves(paths: list[str]) -> list[str]:
    return sorted(path for path in set(paths) if not any(other.startswith(f"{path}/") for other in paths))


@settings(max_examples=60, deadline=None)
@given(st.lists(PATHS, max_size=12).map(_leaves), st.data())
def test_exactly_the_declared_files_are_shown(existing: list[str], data: st.DataObject) -> None:
    reads = data.draw(st.lists(st.sampled_from(existing), unique=True)) if existing else []
    free = [
        folder
        for folder in ("a", "a/b", "z")
        if not any(f"{folder}/".startswith(f"{path}/") for path in existing)
    ]
    writes = [f"{data.draw(st.sampled_from(free))}/written"]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plant(root, *existing)
        plan = plan_reads(root, reads, writes)
        shown = set(names(plan.copies))
        for source, path in plan.binds:
            below = [source] if source.is_file() else [each for each in source.rglob("*") if each.is_file()]
            shown |= {each.relative_to(root).as_posix() for each in below}
            assert path not in parents(writes)
        assert shown == set(reads)
