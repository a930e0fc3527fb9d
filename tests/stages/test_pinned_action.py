from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import GateRefused
from release_tasks.formats.lock_file import parse_lock
from release_tasks.records.lock import LOCK
from release_tasks.stages.dataset_digest import dataset_digest, dataset_entries
from release_tasks.stages.pinned_action import check_versions, current_pinned
from release_tasks.verbs.freeze import write_lock
from tests.fakes.small_project import SmallProject, small_project

ARTIFACTS = 'tokenizer_version = "{version}"\n'
MORE = '[dataset]\nversion = "{version}"\nfiles = ["data/*.json"]\n'
FILES = {"data/a.json": b"{}", "data/b.json": b"[]"}
CHANGED = b'{"version": "1.0", "model": {"vocab": {"a": 0, "b": 1}}}\n'


def project(folder: Path, *, tokenizer: str = "1", dataset: str = "1.0") -> SmallProject:
    return small_project(
        folder, artifacts=ARTIFACTS.format(version=tokenizer), more=MORE.format(version=dataset), files=FILES
    )


def reopened(before: SmallProject, *, tokenizer: str = "1", dataset: str = "1.0") -> SmallProject:
    text = before.plan.release.file.read_text()
    text = text.replace(ARTIFACTS.format(version="1"), ARTIFACTS.format(version=tokenizer))
    text = text.replace(MORE.format(version="1.0"), MORE.format(version=dataset))
    before.plan.release.file.write_text(text)
    return before.again()


def evidence(of: SmallProject) -> dict[str, Any]:
    of.run("frozen:versions", check_versions)
    data: dict[str, Any] = json.loads((of.root / ".release/records/frozen-versions.json").read_text())["data"]
    return data


def test_the_lock_pins_what_is_the_same_everywhere(tmp_path: Path) -> None:
    small = project(tmp_path)
    write_lock(small.plan, small.workspace, update=False)
    lock = parse_lock((tmp_path / LOCK).read_bytes())
    assert lock.pinned == current_pinned(small.plan, small.workspace)
    data = evidence(small)
    assert data["lock"] is True
    assert data["vocabulary"] is None
    for key, version in (("dataset", "1.0"), ("tokenizer", "1")):
        assert data[key]["frozen"] == data[key]["now"] is not None
        assert data[key]["frozen_version"] == data[key]["version"] == version
    assert data["config"]["frozen"] == data["config"]["now"] is not None


def test_without_a_lock_nothing_is_frozen(tmp_path: Path) -> None:
    data = evidence(project(tmp_path))
    assert (data["lock"], data["tokenizer"]["frozen"], data["dataset"]["frozen"]) == (False, None, None)


def test_r9_a_changed_tokenizer_is_told_with_its_vocabulary(tmp_path: Path) -> None:
    small = project(tmp_path)
    write_lock(small.plan, small.workspace, update=False)
    small.write("tokenizer.json", CHANGED)
    assert evidence(small.again())["vocabulary"] == "1 tokens added ('b')"


def test_r9_a_clone_has_no_copy_of_the_frozen_tokenizer(tmp_path: Path) -> None:
    small = project(tmp_path)
    write_lock(small.plan, small.workspace, update=False)
    shutil.rmtree(tmp_path / ".release/frozen")
    small.write("tokenizer.json", CHANGED)
    again = small.again()
    with pytest.raises(GateRefused, match="TOKENIZER_VERSION_REUSED") as caught:
        write_lock(again.plan, again.workspace, update=True)
    assert (caught.value.found or "").endswith("is not on this disk, so its vocabulary cannot be compared")


def test_r9_the_frozen_tokenizer_may_be_found_in_a_release(tmp_path: Path) -> None:
    small = project(tmp_path)
    write_lock(small.plan, small.workspace, update=False)
    old = (tmp_path / "tokenizer.json").read_bytes()
    for kept in (tmp_path / ".release/frozen").iterdir():
        kept.write_bytes(b"damaged")  # never believed by its name alone
    small.write("tokenizer.json", CHANGED)
    lost = evidence(small.again())["vocabulary"]
    assert lost.endswith("is not on this disk, so its vocabulary cannot be compared")
    small.write("release/0.9.0/tokenizer.json", old)
    assert evidence(small.again())["vocabulary"] == "1 tokens added ('b')"


@pytest.mark.parametrize(
    ("file", "data", "what", "hint"),
    [
        (
            "tokenizer.json",
            CHANGED,
            "the tokenizer changed, but its version did not (TOKENIZER_VERSION_REUSED)",
            "raise artifacts.tokenizer_version in release.toml, then run 'doit freeze --update'",
        ),
        (
            "data/a.json",
            b"{ }",
            "the dataset changed, but its version did not (DATASET_VERSION_REUSED)",
            "raise dataset.version in release.toml, then run 'doit freeze --update'",
        ),
    ],
)
def test_r8_r9_a_version_cannot_stay_while_its_bytes_change(
    tmp_path: Path, file: str, data: bytes, what: str, hint: str
) -> None:
    small = project(tmp_path)
    write_lock(small.plan, small.workspace, update=False)
    before = (tmp_path / LOCK).read_bytes()
    small.write(file, data)
    again = small.again()
    with pytest.raises(GateRefused) as caught:
        write_lock(again.plan, again.workspace, update=True)
    assert (caught.value.what, caught.value.hint) == (what, hint)
    assert ("1 tokens added ('b')" in (caught.value.found or "")) == (file == "tokenizer.json")
    assert (tmp_path / LOCK).read_bytes() == before
    raised = reopened(small, tokenizer="2", dataset="1.1")
    write_lock(raised.plan, raised.workspace, update=True)
    pinned = parse_lock((tmp_path / LOCK).read_bytes()).pinned
    assert pinned == current_pinned(raised.plan, raised.workspace)


def test_a_change_of_seed_is_seen(tmp_path: Path) -> None:
    step = '[[step]]\nname = "train"\ncommand = ["python"]\nwrites = ["model.safetensors"]\nseed = 7\n'
    small = small_project(tmp_path, more=step)
    write_lock(small.plan, small.workspace, update=False)
    file = small.plan.release.file
    file.write_text(file.read_text().replace("seed = 7", "seed = 8"))
    assert evidence(small.again())["seeds"] == [{"step": "train", "frozen": 7, "now": 8}]


def test_k22_the_dataset_digest_binds_names_and_bytes(tmp_path: Path) -> None:
    small = project(tmp_path)
    dataset = small.plan.release.dataset
    assert dataset is not None
    first = dataset_digest(dataset, small.workspace)
    assert [name for name, _ in dataset_entries(dataset, small.workspace)] == ["data/a.json", "data/b.json"]
    (tmp_path / "data/a.json").rename(tmp_path / "data/c.json")
    renamed = small.again()
    assert dataset_digest(dataset, renamed.workspace) != first
    (tmp_path / "data/c.json").rename(tmp_path / "data/a.json")
    assert dataset_digest(dataset, small.again().workspace) == first
    small.write("data/a.json", b"[]")
    small.write("data/b.json", b"{}")  # the same bytes under each other's names
    assert dataset_digest(dataset, small.again().workspace) != first


@pytest.mark.parametrize(
    ("record", "seed", "problem"),
    [
        (b'{"seed": 7}', 7, None),
        (b'{"seed": 8}', 8, None),
        (b'{"seed": -1}', None, "seed is -1"),
        (b'{"seed": true}', None, "seed is True"),
        (b"{}", None, "seed is None"),
        (b"[]", None, "seed is None"),
        (b'{"seed": NaN}', None, "NaN"),
    ],
)
def test_r14_the_recorded_seed_stands_beside_that_of_the_step(
    tmp_path: Path, record: bytes, seed: int | None, problem: str | None
) -> None:
    step = '[[step]]\nname = "train"\ncommand = ["python"]\nwrites = ["model.safetensors"]\nseed = 7\n'
    small = small_project(
        tmp_path, artifacts='training = "run.json"\n', more=step, files={"run.json": record}
    )
    assert evidence(small)["training"] == {
        "record": "run.json",
        "seed": seed,
        "problem": problem,
        "step_seed": 7,
    }
