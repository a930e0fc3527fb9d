"""The folder of rebuild records may be shared with strangers: nothing in it is believed unchecked."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from release_tasks.errors import StorageError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.records.digest import sha256
from release_tasks.records.rebuild_record import RebuildRecord
from release_tasks.system.rebuild_store import RebuildStore, Stored
from tests.fakes.rebuilds import KEY, TWO, record

OTHER_KEY = "d" * 64


@pytest.fixture
def store(tmp_path: Path) -> RebuildStore:
    return RebuildStore(folder=tmp_path / "rebuilds")


def put(store: RebuildStore, data: bytes, *, key: str = KEY, name: str | None = None) -> Path:
    """Write a file of records as a stranger may."""
    place = store.folder / key / f"{name or hashlib.sha256(data).hexdigest()}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def test_a_record_is_kept_under_its_key_and_its_own_digest(store: RebuildStore) -> None:
    made = record()
    name = store.add(made)
    data = dump_canonical(made.to_json())
    assert name == f"{KEY}/{hashlib.sha256(data).hexdigest()}.json"
    assert (store.folder / name).read_bytes() == data
    assert store.records(KEY) == ((Stored(record=made, name=name),), ())
    assert store.add(made) == name
    assert [path.name for path in (store.folder / KEY).iterdir()] == [Path(name).name]


def test_a_store_without_records_has_none(store: RebuildStore) -> None:
    assert store.records(KEY) == ((), ())
    assert store.output(TWO) is None
    assert not store.folder.exists()


def test_the_records_of_a_key_come_sorted_and_apart_from_those_of_others(store: RebuildStore) -> None:
    ours = [replace(record(), seconds=seconds) for seconds in range(5)]
    theirs = replace(record(), key=OTHER_KEY)
    names = sorted(store.add(made) for made in ours)
    store.add(theirs)
    found, refused = store.records(KEY)
    assert ([item.name for item in found], refused) == (names, ())
    assert {item.record for item in found} == set(ours)
    assert [item.record for item in store.records(OTHER_KEY)[0]] == [theirs]


def _tampered(store: RebuildStore, made: RebuildRecord) -> Path:
    place = store.folder / store.add(made)
    place.write_bytes(place.read_bytes().replace(b'"rebuild"', b'"rebvild"'))
    return place


def _cut(store: RebuildStore, made: RebuildRecord) -> Path:
    place = store.folder / store.add(made)
    place.write_bytes(place.read_bytes()[:-2])
    return place


def _renamed(store: RebuildStore, made: RebuildRecord) -> Path:
    place = store.folder / store.add(made)
    return place.rename(place.with_name("mine.json"))


def _of_another_key(store: RebuildStore, made: RebuildRecord) -> Path:
    return put(store, dump_canonical(replace(made, key=OTHER_KEY).to_json()))


def _not_canonical(store: RebuildStore, made: RebuildRecord) -> Path:
    return put(store, dump_canonical(made.to_json()).replace(b",", b", "))


def _another_shape(store: RebuildStore, made: RebuildRecord) -> Path:
    return put(store, dump_canonical({**made.to_json(), "level": 4}))


def _bad_digest(store: RebuildStore, made: RebuildRecord) -> Path:
    return put(store, dump_canonical({**made.to_json(), "outputs": {"a": "sha256:1"}}))


def _too_large(store: RebuildStore, made: RebuildRecord) -> Path:
    return put(store, dump_canonical({**made.to_json(), "step": "x" * (1 << 20)}))


def _a_link(store: RebuildStore, made: RebuildRecord) -> Path:
    place = store.folder / store.add(made)
    elsewhere = place.rename(store.folder / "elsewhere")
    place.symlink_to(elsewhere)
    return place


def _endless(store: RebuildStore, _made: RebuildRecord) -> Path:
    place = put(store, b"")
    place.unlink()
    place.symlink_to("/dev/zero")
    return place


def _a_pipe(store: RebuildStore, _made: RebuildRecord) -> Path:
    place = put(store, b"")
    place.unlink()
    os.mkfifo(place)
    return place


def _a_folder(store: RebuildStore, _made: RebuildRecord) -> Path:
    place = put(store, b"")
    place.unlink()
    place.mkdir()
    return place


@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (_tampered, "a rebuild record whose bytes are not those that its name says"),
        (_cut, "a rebuild record whose bytes are not those that its name says"),
        (_renamed, "a rebuild record whose bytes are not those that its name says"),
        (_of_another_key, "a rebuild record of another action key"),
        (_not_canonical, "JSON is not in canonical form"),
        (_another_shape, "not a rebuild record"),
        (_bad_digest, "not a digest"),
        (_too_large, "a rebuild record that is too large"),
        (_a_link, "not a regular file"),
        (_endless, "not a regular file"),
        (_a_pipe, "not a regular file"),
        (_a_folder, "not a regular file"),
    ],
)
def test_what_is_not_as_we_wrote_it_is_named_and_never_believed(
    store: RebuildStore, bend: Callable[[RebuildStore, RebuildRecord], Path], why: str
) -> None:
    bent = bend(store, record())
    honest = store.add(replace(record(), seconds=99))
    found, refused = store.records(KEY)
    assert [item.name for item in found] == [honest]
    assert refused == (f"{KEY}/{bent.name}: {why}",)


def test_an_output_is_kept_by_its_digest_and_verified_when_it_is_read(
    store: RebuildStore, tmp_path: Path
) -> None:
    made = tmp_path / "vocabulary.bin"
    made.write_bytes(b"words")
    digest = sha256(hashlib.sha256(b"words").hexdigest())
    store.keep_output(made, digest)
    place = store.output(digest)
    assert place is not None
    assert place == store.folder / "outputs" / digest.hex
    assert place.read_bytes() == b"words"
    store.keep_output(tmp_path / "gone", digest)  # it is there, and is not copied again
    place.write_bytes(b"wordz")
    assert store.output(digest) is None
    store.keep_output(made, digest)
    assert place.read_bytes() == b"words"
    assert [path.name for path in place.parent.iterdir()] == [digest.hex]


def test_an_output_that_is_no_file_is_none(store: RebuildStore) -> None:
    (store.folder / "outputs" / TWO.hex).mkdir(parents=True)
    assert store.output(TWO) is None


def test_an_output_that_cannot_be_kept_leaves_nothing(store: RebuildStore, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        store.keep_output(tmp_path / "gone", TWO)
    assert list((store.folder / "outputs").iterdir()) == []
    shutil.rmtree(store.folder)
    store.folder.write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageError):
        store.add(record())
