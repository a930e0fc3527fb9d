"""Our safetensors writer against the library's `save_file` and a plain write of the same bytes."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from measure import Bench, Case, Run, main
from safetensors.numpy import save_file

from release_tasks.formats.safetensors_numpy import dump_tensors

Arrays = dict[str, npt.NDArray[Any]]


def make_arrays(mib: int) -> Arrays:
    """Return about `mib` MiB in the shape of a transformer: a few large matrices, many small vectors."""
    rng = np.random.default_rng(0)
    arrays: Arrays = {}
    for layer in range(max(1, mib // 20)):
        arrays[f"layers.{layer}.attn.weight"] = rng.random((1024, 1024), dtype=np.float32)
        arrays[f"layers.{layer}.mlp.weight"] = rng.random((4096, 1024), dtype=np.float32)
        arrays[f"layers.{layer}.norm.weight"] = np.ones(1024, dtype=np.float16)
    return arrays


def write_ours(path: Path, arrays: Arrays, whole: bytes) -> None:
    with path.open("wb", buffering=0) as out:
        out.truncate(len(whole))  # as the library does: the file system then records one growth, not many
        for chunk in dump_tensors(arrays):
            view = memoryview(chunk)
            while view:
                view = view[out.write(view) :]


def write_library(path: Path, arrays: Arrays, _whole: bytes) -> None:
    save_file(arrays, path)


def write_raw(path: Path, _arrays: Arrays, whole: bytes) -> None:
    with path.open("wb", buffering=0) as out:
        view = memoryview(whole)
        while view:
            view = view[out.write(view) :]


WRITERS: dict[str, Callable[[Path, Arrays, bytes], None]] = {
    "ours": write_ours,
    "library": write_library,
    "raw write": write_raw,
}


def _case(name: str, folder: Path, arrays: Arrays, whole: bytes, *, fsync: bool) -> Case:
    """One write of a new file, with `fsync` until it is on the disk; wall and CPU seconds of this process."""

    def case() -> Run:
        path = folder / "written.safetensors"
        path.unlink(missing_ok=True)
        os.sync()
        began, cpu_began = time.perf_counter(), time.process_time()
        WRITERS[name](path, arrays, whole)
        if fsync:
            with path.open("rb+") as written:
                os.fsync(written.fileno())
        run = Run(seconds=time.perf_counter() - began, cpu=time.process_time() - cpu_began)
        if path.stat().st_size != len(whole):
            raise AssertionError(f"{name} wrote {path.stat().st_size} bytes of {len(whole)}")
        return run

    return case


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """First show that both write the same bytes, then time them."""
    arrays = make_arrays(asked.mib or (50 if asked.small else 1000))
    whole = b"".join(dump_tensors(arrays))
    check = folder / "check.safetensors"
    save_file(arrays, check)
    if check.read_bytes() != whole:
        raise AssertionError("our bytes differ from the library's")
    check.unlink()
    for title, fsync in (("write", False), ("write and fsync", True)):
        bench.measure(
            {f"{title}: {name}": _case(name, folder, arrays, whole, fsync=fsync) for name in WRITERS}
        )
        bench.compare(
            f"{title}: ours / library",
            f"{title}: ours",
            lambda seconds, title=title: seconds(f"{title}: library"),  # type: ignore[misc]
            at_most=1.0,
        )
        bench.compare(
            f"{title}: ours / library, CPU seconds",
            f"{title}: ours, CPU",
            lambda seconds, title=title: seconds(f"{title}: library, CPU"),  # type: ignore[misc]
            at_most=1.0,
        )
        bench.compare(
            f"{title}: ours / raw write",
            f"{title}: ours",
            lambda seconds, title=title: seconds(f"{title}: raw write"),  # type: ignore[misc]
        )
    bench.peers["library"] = {"version": safetensors.__version__, "command": "safetensors.numpy.save_file"}
    bench.notes.append(f"{len(whole) / 1e9:.2f} GB; CPU seconds hardly feel a busy disk, wall seconds do")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mib", type=int, default=None, help="MiB to write (1000)")


if __name__ == "__main__":
    main("canonical_safetensors", run, rounds=11, options=options)
