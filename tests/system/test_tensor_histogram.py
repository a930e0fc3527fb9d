import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import IntegrityError
from release_tasks.records.tensor_overview import BINS, RUN, WHOLE
from release_tasks.system import tensor_histogram
from release_tasks.system.tensor_histogram import distribution, overview
from tests.fakes.release_tree import BRAINS, COUNTS, FLOATS, safetensors

FLOATS_OR_NOT = st.floats(width=64)


def write(folder: Path, data: bytes, name: str = "model.safetensors") -> Path:
    (folder / name).write_bytes(data)
    return folder


@given(st.lists(FLOATS_OR_NOT, min_size=1, max_size=60))
def test_a_distribution_counts_every_finite_value_once(values: list[float]) -> None:
    array = np.array(values)
    finite = array[np.isfinite(array)]
    with np.errstate(all="ignore"):
        found = distribution(array)
    if not finite.size:
        assert found is None
        return
    assert found is not None
    assert (found.least, found.greatest) == (finite.min(), finite.max())
    assert sum(found.counts) == finite.size
    assert found.not_finite == len(values) - finite.size
    assert len(found.counts) == (BINS if finite.min() < finite.max() else 1)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=200, unique=True))
def test_bins_are_those_of_numpy(values: list[int]) -> None:
    """Whole numbers scaled to powers of two: no bin edge is in doubt."""
    span = max(values) - min(values)
    array = np.array([(value - min(values)) / span for value in values])
    wanted, _ = np.histogram(array, bins=BINS, range=(0.0, 1.0))
    found = distribution(array)
    assert found is not None
    assert np.abs(np.cumsum(found.counts) - np.cumsum(wanted)).max() <= np.count_nonzero(
        array * BINS % 1 == 0
    )


def test_every_tensor_of_a_file_is_described(tmp_path: Path) -> None:
    data = safetensors(
        {"w": ("F32", (2, 3), FLOATS), "ids": ("I64", (3,), COUNTS), "half": ("BF16", (2,), BRAINS)}
    )
    found = overview(write(tmp_path, data), "model.safetensors")
    assert [tensor.name for tensor in found.tensors] == ["half", "ids", "w"]
    half, ids, floats = (tensor.distribution for tensor in found.tensors)
    assert half is not None
    assert (half.least, half.greatest) == (1.0, 2.0)
    assert ids is not None
    assert (ids.least, ids.mean, ids.greatest) == (-2.0, 2 / 3, 3.0)
    assert floats is not None
    assert floats.read == 6
    assert (found.values, found.problem) == (11, None)


def test_what_nobody_knows_the_values_of_has_no_distribution(tmp_path: Path) -> None:
    data = safetensors({"c": ("C64", (1,), struct.pack("<2f", 1, 2)), "none": ("F32", (0,), b"")})
    found = overview(write(tmp_path, data), "model.safetensors")
    assert [tensor.distribution for tensor in found.tensors] == [None, None]


def test_of_a_large_tensor_evenly_spaced_runs_are_read(tmp_path: Path) -> None:
    count = 3 * WHOLE
    values = np.arange(count, dtype="<f4")
    found = overview(
        write(tmp_path, safetensors({"w": ("F32", (count,), values.tobytes())})), "model.safetensors"
    )
    shown = found.tensors[0].distribution
    assert shown is not None
    wanted = np.concatenate([values[start : start + RUN] for start in range(0, count, 3 * RUN)])
    assert shown.read == WHOLE == wanted.size
    assert (shown.least, shown.mean, shown.greatest) == (0.0, wanted.mean(dtype="f8"), wanted.max())


@pytest.mark.parametrize("count", [WHOLE + 1, 5 * WHOLE + 777, 40 * WHOLE])
def test_never_more_than_the_limit_is_read(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    honest = tensor_histogram._exactly
    monkeypatch.setattr(tensor_histogram, "_exactly", lambda *item: read.append(item[1]) or honest(*item))
    data = safetensors({"w": ("U8", (count,), bytes(count))})
    overview(write(tmp_path, data), "model.safetensors")
    assert RUN < sum(read) <= WHOLE


def test_quantised_gguf_is_read_in_whole_blocks(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    values = np.linspace(-1, 1, 2 * WHOLE, dtype=np.float32).reshape(-1, 256)
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    blocks = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("w", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (tensor,) = overview(tmp_path, "m.gguf").tensors
    assert (tensor.dtype, tensor.shape, tensor.values) == ("Q8_0", values.shape, 2 * WHOLE)
    found = tensor.distribution
    assert found is not None
    assert found.read == WHOLE
    assert found.least == pytest.approx(-1, abs=0.01)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    found = overview(write(tmp_path, b"GGUF is not this", "m.gguf"), "m.gguf")
    assert (found.tensors, found.problem) == ((), "not a GGUF file that can be read")
    found = overview(write(tmp_path, b"\x09"), "model.safetensors")
    assert found.tensors == ()
    assert found.problem


def test_a_file_that_is_cut_while_it_is_read_is_refused(tmp_path: Path) -> None:
    data = safetensors({"w": ("F32", (2, 3), FLOATS)})
    folder = write(tmp_path, data)
    stored = tensor_histogram._read(folder / "model.safetensors", "model.safetensors")
    (folder / "model.safetensors").write_bytes(data[:-4])
    with (folder / "model.safetensors").open("rb") as stream, pytest.raises(IntegrityError) as caught:
        tensor_histogram._tensor(stream, stored.tensors[0])
    assert str(caught.value).startswith("the file changed while it was read")
