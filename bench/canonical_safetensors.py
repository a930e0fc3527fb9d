"""Time our safetensors writer against the library's `save_file` and a plain write of the same bytes.

Run: `python bench/canonical_safetensors.py [--mib 1000] [--rounds 7]`. Writers take turns within a round, in
an order drawn anew, so that drift of the disk and of other processes falls on all of them. CPU seconds (user
and system, of this process) are given too: they hardly feel a busy disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from release_tasks.formats.safetensors_numpy import dump_tensors

Arrays = dict[str, npt.NDArray[Any]]
RESULT = Path(__file__).parent / "results" / "canonical_safetensors.json"


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
    "raw": write_raw,
}


def time_write(name: str, folder: Path, arrays: Arrays, whole: bytes, *, fsync: bool) -> tuple[float, float]:
    """Return wall and CPU seconds for one write of a new file, with fsync until it is on the disk."""
    path = folder / f"{name}.safetensors"
    path.unlink(missing_ok=True)
    os.sync()
    began, cpu_began = time.perf_counter(), time.process_time()
    WRITERS[name](path, arrays, whole)
    if fsync:
        with path.open("rb+") as written:
            os.fsync(written.fileno())
    took, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    if path.stat().st_size != len(whole):
        raise AssertionError(f"{name} wrote {path.stat().st_size} bytes of {len(whole)}")
    path.unlink()
    return took, cpu


def summary(samples: list[float]) -> dict[str, object]:
    return {
        "median": statistics.median(samples),
        "min": min(samples),
        "max": max(samples),
        "samples": samples,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    arrays = make_arrays(options.mib)
    whole = b"".join(dump_tensors(arrays))
    rows: list[dict[str, object]] = []
    order = random.Random(0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        check = folder / "check.safetensors"
        save_file(arrays, check)
        if check.read_bytes() != whole:
            raise AssertionError("our bytes differ from the library's")
        check.unlink()
        for fsync in (False, True):
            times: dict[str, list[float]] = {name: [] for name in WRITERS}
            cpu_times: dict[str, list[float]] = {name: [] for name in WRITERS}
            for _ in range(options.rounds):
                for name in order.sample(list(WRITERS), len(WRITERS)):
                    took, cpu = time_write(name, folder, arrays, whole, fsync=fsync)
                    times[name].append(took)
                    cpu_times[name].append(cpu)
            medians = {name: statistics.median(samples) for name, samples in times.items()}
            cpu_medians = {name: statistics.median(samples) for name, samples in cpu_times.items()}
            cpu_ratio = cpu_medians["ours"] / cpu_medians["library"]
            rows.append(
                {
                    "case": f"write {len(whole) / 1e9:.2f} GB, {'with' if fsync else 'without'} fsync",
                    "ours_s": summary(times["ours"]),
                    "peer": "safetensors.numpy.save_file",
                    "peer_s": summary(times["library"]),
                    "raw_write_s": summary(times["raw"]),
                    "cpu_s": cpu_medians,
                    "cpu_ratio": cpu_ratio,
                    "ratio": medians["ours"] / medians["library"],
                    "ratio_to_raw": medians["ours"] / medians["raw"],
                }
            )
            print(
                f"{rows[-1]['case']:32}  ours {medians['ours']:.3f} s  library {medians['library']:.3f} s  "
                f"raw {medians['raw']:.3f} s  ours/library {rows[-1]['ratio']:.3f}  "
                f"ours/raw {rows[-1]['ratio_to_raw']:.3f}  CPU ours/library {cpu_ratio:.3f}"
            )
    result = {
        "schema_version": 1,
        "name": "canonical_safetensors",
        "date": None,
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "python": platform.python_version(),
        "rows": rows,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
