from __future__ import annotations

from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import FormatError, IntegrityError
from release_tasks.records.digest import Digest
from release_tasks.system.safetensors_file import layout_of, read_header, read_layout
from tests.fakes.release_tree import WEIGHTS

LENGTH = int.from_bytes(WEIGHTS[:8], "little")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "w.safetensors"
    file.write_bytes(WEIGHTS)
    return file


def test_a_header_is_read_as_bytes_and_parsed(path: Path) -> None:
    raw, header = read_header(path, where="w")
    assert raw == WEIGHTS[8 : 8 + LENGTH]
    assert {tensor.name: (tensor.dtype, tensor.shape) for tensor in header.tensors} == {
        "w": ("F32", (2, 3)),
        "ids": ("I64", (3,)),
        "half": ("BF16", (2,)),
    }


def test_the_layout_covers_the_file_without_a_gap(path: Path) -> None:
    layout = read_layout(path, where="w")
    assert layout == layout_of(WEIGHTS[8 : 8 + LENGTH], file_size=len(WEIGHTS), where="w")
    assert layout.ranges[0] == (0, 8 + LENGTH)
    ends = [end for _, end in layout.ranges]
    assert [start for start, _ in layout.ranges[1:]] == ends[:-1]
    assert ends[-1] == len(WEIGHTS)
    hashed = [Digest("blake3", blake3(WEIGHTS[start:end]).hexdigest()) for start, end in layout.ranges]
    digests = layout.digests(hashed)
    assert digests.header == hashed[0]
    assert dict(digests.tensors) == dict(zip(layout.names, hashed[1:], strict=True))
    assert [name for name, _ in digests.tensors] == ["half", "ids", "w"]


@given(st.integers(0, len(WEIGHTS) - 1))
@settings(deadline=None)
def test_a_file_that_was_cut_anywhere_is_malformed(
    tmp_path_factory: pytest.TempPathFactory, size: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "cut.safetensors"
    file.write_bytes(WEIGHTS[:size])
    with pytest.raises(FormatError) as caught:
        read_header(file, where="weights of the model")
    assert str(caught.value.where).startswith("weights of the model")


def test_bytes_after_the_last_tensor_are_malformed(path: Path) -> None:
    path.write_bytes(WEIGHTS + b"\0")
    with pytest.raises(FormatError):
        read_header(path, where="w")


def test_links_are_followed_for_inputs_only(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_header(link, where="w") == read_header(path, where="w")
    with pytest.raises(IntegrityError, match="not a regular file"):
        read_header(link, where="w", follow=False)
    with pytest.raises(IntegrityError, match="not a regular file"):
        read_header(tmp_path, where="w")
