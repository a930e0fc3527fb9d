"""R25: a pickle stays a pickle in an archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.system import archived_pickle as module
from release_tasks.system.archived_pickle import archived_pickle

PICKLE = pickle.dumps({"w": 1}, protocol=4)
Members = dict[str, bytes]


def zip_file(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tar_file(members: Members) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            item = tarfile.TarInfo(name)
            item.size = len(data)
            archive.addfile(item, io.BytesIO(data))
    return stream.getvalue()


ARCHIVES: dict[str, Callable[[Members], bytes]] = {
    "zip": zip_file,
    "zip-stored": lambda members: zip_file(members, zipfile.ZIP_STORED),
    "tar": tar_file,
    "tar.gz": lambda members: gzip.compress(tar_file(members)),
    "tar.bz2": lambda members: bz2.compress(tar_file(members)),
    "tar.xz": lambda members: lzma.compress(tar_file(members)),
}


@pytest.mark.parametrize("form", ARCHIVES)
@pytest.mark.parametrize(
    ("name", "data"), [("deep/model.dat", PICKLE), ("deep/model.PT", b"text"), ("a.npy", b"\x93NUMPY")]
)
def test_a_pickle_in_any_archive_is_found(tmp_path: Path, form: str, name: str, data: bytes) -> None:
    path = tmp_path / "extra.dat"
    path.write_bytes(ARCHIVES[form]({"README": b"fine", name: data}))
    assert archived_pickle(path) == f"an archive that holds a pickle, {name}"


@pytest.mark.parametrize("form", ARCHIVES)
def test_an_archive_of_data_is_fine(tmp_path: Path, form: str) -> None:
    path = tmp_path / "extra.dat"
    path.write_bytes(ARCHIVES[form]({"a.json": b"{}", "b.txt": b"x" * 5000}))
    assert archived_pickle(path) is None


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_pickle_is_found(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "notes.gz"
    path.write_bytes(pack(PICKLE))
    assert archived_pickle(path) == "an archive that holds a pickle, notes"
    path.write_bytes(pack(b"only text"))
    assert archived_pickle(path) is None


def test_what_is_no_archive_is_left_to_others(tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"text", PICKLE, b"PK\x03\x04 no zip", b"\x1f\x8bno gzip", b"GGUF")):
        path = tmp_path / str(number)
        path.write_bytes(data)
        assert archived_pickle(path) is None


def test_weights_whose_header_length_looks_like_gzip(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", 0x8B1F) + b"{}" + b" " * (0x8B1F - 2))
    assert archived_pickle(path) is None


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_too_many_members_are_not_vouched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(module, "MOST_MEMBERS", 3)
    path = tmp_path / "a"
    path.write_bytes(ARCHIVES[form]({f"{number}": b"x" for number in range(4)}))
    assert str(archived_pickle(path)).endswith("too much to look into")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100_000)
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(tar_file({"big": b"\0" * 1_000_000, "z.pkl": PICKLE})))
    assert str(archived_pickle(path)).endswith("too much to look into")


@given(st.sampled_from(list(ARCHIVES)), st.integers(0, 3000), st.binary(max_size=3))
def test_a_damaged_archive_is_no_error(
    tmp_path_factory: pytest.TempPathFactory, form: str, place: int, junk: bytes
) -> None:
    data = ARCHIVES[form]({"a.json": b"{}", "b.txt": b"abc" * 50})
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data[:place] + junk + data[place + len(junk) :])
    archived_pickle(path)
