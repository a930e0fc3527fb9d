from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from release_tasks.errors import ConfigError, FormatError, IntegrityError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.formats.yaml_rendering import render_yaml
from release_tasks.records.manifest import manifest_from_json
from release_tasks.verbs.load import load
from tests.fakes.release_tree import (
    BRAINS,
    COUNTS,
    FLOATS,
    PARTS,
    SHARDED,
    archive,
    entry,
    metadata,
    release_files,
    restate,
    root_of,
    safetensors,
    seal,
    tensor_digests,
    write_release,
)

FILES = release_files()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_release(tmp_path / "1.0.0", FILES)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_release_gives_what_it_holds(folder: Path) -> None:
    release = load(folder, root=str(root_of(FILES)))
    assert (release.name, release.version, release.root) == ("tiny", "1.0.0", root_of(FILES))
    assert release.tensors() == ("half", "ids", "w")
    assert release.metadata == json.loads(FILES["metadata.json"])
    assert release.metadata["exact_root"] == str(release.exact_root)
    assert release.config == {"layers": 2}
    assert release.tokenizer_bytes == FILES["tokenizer.json"]
    assert [one.name for one in release.header("model.safetensors").tensors] == ["ids", "w", "half"]


def test_tensors_have_shape_dtype_and_bytes_and_cannot_be_written_to(folder: Path) -> None:
    release = load(folder)
    weights, ids = release.tensor("w"), release.tensor("ids")
    assert (weights.dtype, weights.shape, weights.tobytes()) == (np.dtype("<f4"), (2, 3), FLOATS)
    assert (ids.dtype, ids.shape, ids.tobytes()) == (np.dtype("<i8"), (3,), COUNTS)
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1


def test_the_array_is_the_memory_that_was_hashed(folder: Path) -> None:
    array = load(folder).tensor("w")
    base = array.base
    assert isinstance(base, np.ndarray)
    assert base.dtype == np.uint8
    assert base.ctypes.data == array.ctypes.data
    assert entry("", base.tobytes()).blake3 == dict(tensor_digests(FILES["model.safetensors"]).tensors)["w"]
    before = array.copy()
    (folder / "model.safetensors").write_bytes(bytes(len(FILES["model.safetensors"])))
    np.testing.assert_array_equal(array, before)  # not a view of the file


def test_dtypes_that_numpy_lacks_come_raw(folder: Path) -> None:
    release = load(folder)
    raw = release.raw("half")
    assert (raw.dtype, raw.shape, bytes(raw.buffer)) == ("BF16", (2,), BRAINS)
    assert isinstance(raw.buffer, memoryview)
    assert raw.buffer.readonly
    with pytest.raises(FormatError) as caught:
        release.tensor("half")
    assert str(caught.value) == (
        "numpy has no dtype for tensor half\n"
        "  wanted: BOOL, U8, I8, I16, U16, F16, I32, U32, F32, C64, F64, I64, U64\n"
        "  found:  BF16\n"
        "  where:  model.safetensors\n"
        "  hint:   raw(name) gives dtype, shape and bytes; ml_dtypes or torch can view them"
    )


def test_every_dtype_of_numpy_and_empty_and_scalar_tensors(tmp_path: Path) -> None:
    rows = {
        "bool": ("BOOL", (2,), np.array([True, False])),
        "f16": ("F16", (1, 2), np.array([[1.5, -2]], dtype="<f2")),
        "f64": ("F64", (), np.array(0.1, dtype="<f8")),
        "c64": ("C64", (1,), np.array([1 + 2j], dtype="<c8")),
        "u16": ("U16", (0, 3), np.empty((0, 3), dtype="<u2")),
        "i8": ("I8", (3,), np.array([-1, 0, 1], dtype="i1")),
    }
    weights = safetensors(
        {name: (dtype, shape, array.tobytes()) for name, (dtype, shape, array) in rows.items()}
    )
    files = release_files({**PARTS, "model.safetensors": ("weights", "exact", "x/y", weights)})
    release = load(write_release(tmp_path / "r", files))
    for name, (_, _, array) in rows.items():
        found = release.tensor(name)
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found, array)


def test_shards_are_one_release(tmp_path: Path) -> None:
    release = load(write_release(tmp_path / "r", release_files(SHARDED)))
    assert release.tensors() == ("ids", "w")
    assert release.tensor("ids").tolist() == [1, -2, 3]
    assert release.header("model-00001-of-00002.safetensors").tensors[0].name == "w"


def test_each_flipped_byte_of_a_tensor_is_caught_at_that_tensor_only(folder: Path) -> None:
    weights = folder / "model.safetensors"
    begin = 8 + int.from_bytes(FILES["model.safetensors"][:8], "little")
    for at in range(len(COUNTS)):  # `ids` lies first
        flip(weights, begin + at)
        release = load(folder)
        with pytest.raises(IntegrityError) as caught:
            release.tensor("ids")
        assert caught.value.what == "tensor ids is not what was released"
        assert caught.value.wanted == str(dict(tensor_digests(FILES["model.safetensors"]).tensors)["ids"])
        assert caught.value.where == str(weights)
        assert release.tensor("w").tobytes() == FLOATS
        flip(weights, begin + at)


def test_each_flipped_byte_of_the_header_is_caught(folder: Path) -> None:
    weights = folder / "model.safetensors"
    begin = 8 + int.from_bytes(FILES["model.safetensors"][:8], "little")
    for at in range(begin):
        flip(weights, at)
        with pytest.raises((IntegrityError, FormatError)):
            load(folder).tensor("w")
        flip(weights, at)


def test_a_change_after_opening_is_caught_when_the_tensor_is_read(folder: Path) -> None:
    release = load(folder)
    assert release.tensor("w").tobytes() == FLOATS
    flip(folder / "model.safetensors", len(FILES["model.safetensors"]) - len(BRAINS) - 1)  # the end of `w`
    with pytest.raises(IntegrityError):
        release.tensor("w")


def test_a_file_cut_off_after_opening_is_caught(folder: Path) -> None:
    release = load(folder)
    (folder / "model.safetensors").write_bytes(FILES["model.safetensors"][:-4])
    with pytest.raises(IntegrityError) as caught:
        release.raw("half")
    assert caught.value.what == "the file is cut off"
    assert caught.value.found == "0 bytes"


def test_a_file_swapped_for_a_link_after_opening_is_refused(folder: Path) -> None:
    release = load(folder)
    weights = folder / "model.safetensors"
    weights.rename(folder.parent / "elsewhere")
    weights.symlink_to(folder.parent / "elsewhere")
    with pytest.raises(IntegrityError) as caught:
        release.tensor("w")
    assert caught.value.what == "not a regular file"


@pytest.mark.parametrize("path", sorted(set(FILES) - {"model.safetensors"}))
def test_each_small_file_is_verified_when_the_release_is_opened(folder: Path, path: str) -> None:
    flip(folder / path, len(FILES[path]) // 2)
    with pytest.raises(IntegrityError) as caught:
        load(folder)
    assert caught.value.what == "the release is not whole and unchanged"


def test_all_problems_are_named(folder: Path) -> None:
    (folder / "README.txt").unlink()
    (folder / "x.py").write_bytes(b"1")
    with pytest.raises(IntegrityError) as caught:
        load(folder)
    assert str(caught.value) == (
        "the release is not whole and unchanged\n"
        "  wanted: no problem\n"
        "  found:  MISSING_FILE README.txt: wanted 16 bytes, found none\n"
        "          EXTRA_FILE x.py: wanted only files that MANIFEST.json lists, found 1 bytes\n"
        f"  where:  {folder}\n"
        "  hint:   fetch it again from where it was published"
    )


def test_weights_of_another_size_are_refused_when_the_release_is_opened(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(IntegrityError) as caught:
        load(folder)
    assert "SIZE_MISMATCH model.safetensors" in str(caught.value.found)


def test_another_root_is_refused(folder: Path) -> None:
    with pytest.raises(IntegrityError) as caught:
        load(folder, root="0" * 64)
    assert "ROOT_MISMATCH" in str(caught.value.found)


def test_a_forged_tensor_digest_is_refused_by_the_root(folder: Path) -> None:
    manifest = manifest_from_json(parse_canonical(FILES["MANIFEST.json"]))
    bad = bytearray(FILES["model.safetensors"])
    bad[-1] ^= 1
    forged = seal(
        {**FILES, "model.safetensors": bytes(bad)},
        restate(manifest, "model.safetensors", tensors=tensor_digests(bytes(bad))),
    )
    write_release(folder, forged)
    assert bytes(load(folder).raw("half").buffer) != BRAINS  # consistent, origin unproven
    with pytest.raises(IntegrityError):
        load(folder, root=root_of(FILES).hex)


def test_a_tensor_in_two_shards_is_refused(tmp_path: Path) -> None:
    second = "model-00002-of-00002.safetensors"
    same = SHARDED["model-00001-of-00002.safetensors"]
    with pytest.raises(IntegrityError) as caught:
        load(write_release(tmp_path / "r", release_files({**SHARDED, second: same})))
    assert str(caught.value) == (
        f"a tensor is in two files\n  found: w in model-00001-of-00002.safetensors and {second}"
    )


def test_unknown_names_are_bad_usage(folder: Path) -> None:
    release = load(folder)
    with pytest.raises(ConfigError) as caught:
        release.tensor("nope")
    assert (caught.value.what, caught.value.found) == ("no such tensor", "'nope'")
    with pytest.raises(ConfigError) as caught:
        release.header("README.txt")
    assert (caught.value.wanted, caught.value.found) == ("model.safetensors", "'README.txt'")


def test_an_archive_must_be_unpacked(tmp_path: Path) -> None:
    bundle = tmp_path / "tiny-1.0.0.zip"
    bundle.write_bytes(archive(FILES, "zip"))
    with pytest.raises(ConfigError) as caught:
        load(bundle)
    assert str(caught.value) == (
        "tensors are loaded from a directory\n"
        "  wanted: an unpacked release\n"
        "  found:  a file\n"
        f"  where:  {bundle}\n"
        f"  hint:   run 'release-tasks verify {bundle}', unpack it, and load the folder"
    )


def with_yaml(data: bytes) -> dict[str, bytes]:
    parts = {path: part for path, part in PARTS.items() if path != "config.json"}
    return release_files({**parts, "config.yaml": ("config", "exact", "application/yaml", data)})


def test_a_configuration_in_yaml(tmp_path: Path) -> None:
    rendered = render_yaml(b'{"layers": 2, "name": "no", "eps": 1e-05}', where="config.json")
    assert load(write_release(tmp_path / "r", with_yaml(rendered))).config == {
        "layers": 2,
        "name": "no",
        "eps": 1e-05,
    }


@pytest.mark.parametrize("data", [b"a: [", b"!!python/object/apply:os.system [ls]", b"a: \x00", b"[" * 5000])
def test_a_configuration_that_is_no_plain_yaml(tmp_path: Path, data: bytes) -> None:
    release = load(write_release(tmp_path / "r", with_yaml(data)))
    with pytest.raises(FormatError) as caught:
        _ = release.config
    assert (caught.value.what, caught.value.where) == ("the configuration is not YAML", "config.yaml")


def test_the_fake_metadata_knows_both_kinds_of_configuration() -> None:
    manifest = manifest_from_json(parse_canonical(with_yaml(b"a: 1\n")["MANIFEST.json"]))
    files = tuple(file for file in manifest.files if file.path != "metadata.json")
    assert metadata(files)["config_hash"] == str(entry("", b"a: 1\n").sha256)
