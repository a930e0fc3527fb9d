from __future__ import annotations

from typing import Any

import pytest

from release_tasks.errors import FormatError
from release_tasks.records.digest import sha256
from release_tasks.records.lock import Inputs, Lock, Pinned, Versioned, lock_from_json

ONE, TWO = sha256("1" * 64), sha256("2" * 64)
LOCK: Any = Lock(
    inputs=Inputs(files=(("a", ONE),), trees=(("data/*", TWO),), steps=(("train", ONE),)),
    pinned=Pinned(
        config=ONE,
        dataset=Versioned(version="1.0", digest=TWO),
        tokenizer=Versioned(version=None, digest=ONE),
        seeds=(("train", 7),),
    ),
    outputs={"v3-linux": (("w", ONE),)},
)


def test_a_lock_is_plain_json_and_back() -> None:
    value = LOCK.to_json()
    assert value == {
        "schema_version": 2,
        "inputs": {
            "files": {"a": f"sha256:{'1' * 64}"},
            "trees": {"data/*": f"sha256:{'2' * 64}"},
            "steps": {"train": f"sha256:{'1' * 64}"},
        },
        "pinned": {
            "config": f"sha256:{'1' * 64}",
            "dataset": {"version": "1.0", "digest": f"sha256:{'2' * 64}"},
            "tokenizer": {"version": None, "digest": f"sha256:{'1' * 64}"},
            "seeds": {"train": 7},
        },
        "outputs": {"v3-linux": {"w": f"sha256:{'1' * 64}"}},
    }
    assert lock_from_json(value) == LOCK


def test_an_empty_lock_reads_back() -> None:
    assert lock_from_json(Lock(inputs=Inputs()).to_json()) == Lock(inputs=Inputs())


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 1},
        {"pinned": None},
        {"inputs": {}},
        {"inputs": {"files": {}, "trees": {}}},
        {"inputs": {"files": {}, "trees": {}, "steps": {}, "more": {}}},
        {"outputs": []},
        {"more": 1},
    ],
)
def test_another_shape_is_no_lock_of_this_version(change: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as caught:
        lock_from_json({**LOCK.to_json(), **change})
    assert str(caught.value) == (
        "release.lock is not a lock file of this version\n"
        "  wanted: schema_version 2, inputs {files, trees, steps}, pinned, outputs\n"
        "  where:  release.lock\n"
        "  hint:   run 'doit freeze --update' with this version of release_tasks, and commit the result"
    )


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"inputs": {"files": [], "trees": {}, "steps": {}}}, "release.lock: inputs.files"),
        ({"inputs": {"files": {}, "trees": {}, "steps": None}}, "release.lock: inputs.steps"),
        ({"outputs": {"id": ["w"]}}, "release.lock: outputs.id"),
        ({"pinned": {}}, "release.lock: pinned"),
        ({"pinned": {**LOCK.to_json()["pinned"], "more": 1}}, "release.lock: pinned"),
        ({"pinned": {**LOCK.to_json()["pinned"], "seeds": {"train": True}}}, "release.lock: pinned"),
        ({"pinned": {**LOCK.to_json()["pinned"], "dataset": {"version": 1}}}, "release.lock: pinned.dataset"),
    ],
)
def test_damage_is_located(change: dict[str, Any], where: str) -> None:
    with pytest.raises(FormatError) as caught:
        lock_from_json({**LOCK.to_json(), **change})
    assert (caught.value.what, caught.value.where) == ("release.lock is damaged", where)


@pytest.mark.parametrize("digest", [None, 1, "sha256:1", f"md5:{'1' * 32}"])
def test_a_digest_in_a_lock_is_a_digest(digest: Any) -> None:
    with pytest.raises(FormatError, match="not a digest"):
        lock_from_json({**LOCK.to_json(), "outputs": {"id": {"w": digest}}})
