from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import ConfigError, FormatError, IntegrityError, StorageError
from release_tasks.formats.safetensors_writer import is_canonical
from release_tasks.system.safetensors_file import read_header
from release_tasks.verbs import canonicalize as verb
from release_tasks.verbs.canonicalize import Canonicalized, canonicalize

BITS = {"U8": 8, "I16": 16, "F32": 32, "BF16": 16, "F64": 64}


def foreign(tensors: dict[str, tuple[str, bytes]], metadata: dict[str, str] | None = None) -> bytes:
    """A valid file in the order given: spaces in the JSON, no padding, so canonical only by accident."""
    table: dict[str, object] = {} if metadata is None else {"__metadata__": metadata}
    start = 0
    for name, (dtype, data) in tensors.items():
        shape = [len(data) * 8 // BITS[dtype]]
        table[name] = {"shape": shape, "dtype": dtype, "data_offsets": [start, start + len(data)]}
        start += len(data)
    header = json.dumps(table).encode()
    return len(header).to_bytes(8, "little") + header + b"".join(data for _, data in tensors.values())


def tensors_of(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    raw, header = read_header(path, where="test")
    payload = path.read_bytes()[8 + len(raw) :]
    return {item.name: (item.dtype, item.shape, payload[item.start : item.end]) for item in header.tensors}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


SAMPLE = foreign({"b": ("U8", b"\x01\x02\x03"), "a": ("F32", bytes(range(8)))}, {"z": "1", "format": "pt"})


def test_file_is_rewritten_in_place_with_the_canonical_header_and_the_same_tensors(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(SAMPLE)
    path.chmod(0o640)
    wanted = tensors_of(path)
    assert canonicalize(path) == Canonicalized(path=path, changed=True, tensors=2)
    raw, header = read_header(path, where="test")
    assert is_canonical(raw, header)
    assert header.metadata == (("format", "pt"), ("z", "1"))
    assert [item.name for item in header.tensors] == ["a", "b"]
    assert tensors_of(path) == wanted
    assert names(tmp_path) == ["model.safetensors"]
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o640


def test_canonical_file_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(SAMPLE)
    canonicalize(path)
    before = path.stat()
    assert canonicalize(path) == Canonicalized(path=path, changed=False, tensors=2)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_output_leaves_the_source_alone_and_gets_a_copy_of_a_canonical_file_too(tmp_path: Path) -> None:
    path, once, twice = (tmp_path / name for name in ("in.safetensors", "once", "twice"))
    path.write_bytes(SAMPLE)
    assert canonicalize(path, output=once) == Canonicalized(path=once, changed=True, tensors=2)
    assert path.read_bytes() == SAMPLE
    assert canonicalize(once, output=twice) == Canonicalized(path=twice, changed=False, tensors=2)
    assert twice.read_bytes() == once.read_bytes() != SAMPLE


def test_output_that_exists_is_refused(tmp_path: Path) -> None:
    path, output = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    path.write_bytes(SAMPLE)
    output.write_text("mine")
    with pytest.raises(ConfigError) as caught:
        canonicalize(path, output=output)
    assert str(caught.value) == (
        "the output exists already\n"
        "  wanted: a new file\n"
        f"  where:  {output}\n"
        "  hint:   remove it or choose another name"
    )
    assert output.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_link_is_not_rewritten_in_place_but_may_be_read(tmp_path: Path) -> None:
    blob, link, output = tmp_path / "blob", tmp_path / "model.safetensors", tmp_path / "out"
    blob.write_bytes(SAMPLE)
    link.symlink_to(blob)
    with pytest.raises(ConfigError) as caught:
        canonicalize(link)
    assert str(caught.value) == (
        "a link is not rewritten in place\n"
        "  wanted: the file itself\n"
        f"  found:  a link to {blob}\n"
        f"  where:  {link}\n"
        "  hint:   name a file for the result with --output; what the link points to may belong to a cache"
    )
    assert blob.read_bytes() == SAMPLE
    assert canonicalize(link, output=output).changed


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(SAMPLE[:-1], id="one-byte-short"),
        pytest.param(SAMPLE + b"\0", id="one-byte-long"),
        pytest.param(SAMPLE.replace(b'"U8"', b'"U9"'), id="unknown-dtype"),
    ],
)
def test_malformed_file_is_refused_and_left_untouched(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        canonicalize(path)
    assert path.read_bytes() == data
    assert names(tmp_path) == ["model.safetensors"]


def test_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        canonicalize(tmp_path / "none.safetensors")
    assert str(caught.value).splitlines()[0] == "the file does not exist"


def test_disk_that_loses_a_byte_is_found_before_the_file_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(SAMPLE)
    honest = verb._copy

    def lossy(rewrite: verb._Rewrite, temporary: Path) -> dict[str, str]:
        digests = honest(rewrite, temporary)
        data = bytearray(temporary.read_bytes())
        data[-1] ^= 1
        temporary.write_bytes(data)
        return digests

    monkeypatch.setattr(verb, "_copy", lossy)
    with pytest.raises(IntegrityError) as caught:
        canonicalize(path)
    assert str(caught.value) == (
        "the disk did not keep what was written\n"
        "  wanted: the tensors of the source, byte for byte\n"
        "  found:  other bytes in tensor b\n"
        f"  where:  {path}\n"
        "  hint:   nothing was replaced; check the disk and its file system, or use another one"
    )
    assert path.read_bytes() == SAMPLE
    assert names(tmp_path) == ["model.safetensors"]


def test_source_that_changes_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(SAMPLE)
    other = foreign({"new": ("U8", b"xyz")})
    honest = verb._copy

    def meanwhile(rewrite: verb._Rewrite, temporary: Path) -> dict[str, str]:
        digests = honest(rewrite, temporary)
        path.write_bytes(other)
        return digests

    monkeypatch.setattr(verb, "_copy", meanwhile)
    with pytest.raises(IntegrityError) as caught:
        canonicalize(path)
    assert str(caught.value) == (
        "the file changed while it was rewritten\n"
        "  wanted: a file that stays as it is\n"
        "  found:  another size, time or inode\n"
        f"  where:  {path}\n"
        "  hint:   nothing was replaced; run again when nobody writes it"
    )
    assert path.read_bytes() == other
    assert names(tmp_path) == ["model.safetensors"]


def test_memory_does_not_grow_with_the_tensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "_CHUNK", 1 << 16)
    path = tmp_path / "model.safetensors"
    path.write_bytes(foreign({"big": ("U8", bytes(8 << 20)), "a": ("F32", bytes(4))}))
    tracemalloc.start()
    canonicalize(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


TENSORS = st.dictionaries(
    st.text("abcXYZ.0é", min_size=1, max_size=6).filter(lambda name: name != ".."),
    st.tuples(st.sampled_from(sorted(BITS)), st.binary(max_size=40)).map(
        lambda pair: (pair[0], pair[1][: len(pair[1]) // 8 * 8])
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(tensors=TENSORS, metadata=st.none() | st.dictionaries(st.text("ab ", max_size=3), st.text(max_size=5)))
def test_any_order_of_tensors_gives_one_sequence_of_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    tensors: dict[str, tuple[str, bytes]],
    metadata: dict[str, str] | None,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    forward, backward = folder / "forward", folder / "backward"
    forward.write_bytes(foreign(tensors, metadata))
    backward.write_bytes(foreign(dict(reversed(tensors.items())), metadata))
    wanted = {name: (dtype, data) for name, (dtype, data) in tensors.items()}
    for path in (forward, backward):
        canonicalize(path)
        assert {name: (item[0], item[2]) for name, item in tensors_of(path).items()} == wanted
        assert not canonicalize(path).changed
    assert forward.read_bytes() == backward.read_bytes()
