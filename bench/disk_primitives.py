"""Speed of the disk primitives against hashlib and a plain copy with fsync, interleaved; prints the ratios.

    python bench/disk_primitives.py [--gib 2] [--runs 3] [--only hash|copy] [--folder /tmp/...]

Ratios are printed for the fastest and the median run: on a shared machine the fastest is the fairer one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from release_tasks.system.copying import CopyJob, copy_and_digest, copy_many
from release_tasks.system.hashing import digest_file, digest_many

SHARDS = 8


def make_inputs(folder: Path, size: int) -> tuple[Path, list[Path]]:
    block = os.urandom(64 << 20)
    one = folder / "one"
    shards = [folder / f"shard-{number}" for number in range(SHARDS)]
    for path, length in [(one, size), *((shard, size // SHARDS) for shard in shards)]:
        with path.open("wb") as file:
            for start in range(0, length, len(block)):
                file.write(block[: min(len(block), length - start)])
            os.fsync(file.fileno())
    return one, shards


def hashlib_pass(paths: list[Path]) -> None:
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")


def plain_copy(paths: list[Path], out: Path) -> None:
    for path in paths:
        with path.open("rb") as source, (out / path.name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            os.fsync(target.fileno())


def our_copy(paths: list[Path], out: Path) -> None:
    if len(paths) == 1:
        copy_and_digest(paths[0], out / paths[0].name)
    else:
        copy_many([CopyJob(source=path, dest=out / path.name) for path in paths])


def measure(jobs: dict[str, Callable[[], object]], runs: int, out: Path) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            os.sync()
            began = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def report(title: str, seconds: dict[str, list[float]], size: int) -> None:
    print(f"\n{title}")
    for name, times in seconds.items():
        best, median = min(times), statistics.median(times)
        print(f"  {name:<28} best {best:7.3f} s  median {median:7.3f} s  {size / best / 1e9:6.2f} GB/s")


def ratio(label: str, ours: list[float], reference: list[list[float]], target: str) -> None:
    best = min(ours) / max(min(times) for times in reference)
    median = statistics.median(ours) / max(statistics.median(times) for times in reference)
    print(f"  {label:<44} best {best:5.2f}x  median {median:5.2f}x  target {target}")


def bench_hash(one: Path, shards: list[Path], size: int, runs: int, out: Path) -> None:
    jobs: dict[str, Callable[[], object]] = {
        "hashlib, one pass": lambda: hashlib_pass(shards),
        "blake3, 8 shards": lambda: digest_many(shards, sha256=False),
        "both, 8 shards": lambda: digest_many(shards),
        "blake3, one file": lambda: digest_file(one, sha256=False),
        "both, one file": lambda: digest_file(one),
        "sha256, 8 shards": lambda: digest_many(shards, blake3=False),
        "hashlib, both cores": lambda: hashlib_two_cores(shards),
    }
    took = measure(jobs, runs, out)
    report("hashing", took, size)
    reference = [took["hashlib, one pass"]]
    ratio("verify: blake3 8 shards / hashlib pass", took["blake3, 8 shards"], reference, "<= 0.25x")
    ratio("verify: blake3 one file / hashlib pass", took["blake3, one file"], reference, "<= 0.25x")
    ratio(
        "--full: both, 8 shards / hashlib on both cores",
        took["both, 8 shards"],
        [took["hashlib, both cores"]],
        "<= 1.2x",
    )
    ratio("--full: both, one file / hashlib pass", took["both, one file"], reference, "<= 1.2x")


def hashlib_two_cores(paths: list[Path]) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: hashlib_pass([path]), paths))


def bench_copy(one: Path, shards: list[Path], size: int, runs: int, out: Path) -> None:
    for title, paths in (("copy, one file", [one]), ("copy, 8 shards", shards)):
        jobs: dict[str, Callable[[], object]] = {
            "hashlib, one pass": lambda paths=paths: hashlib_pass(paths),  # type: ignore[misc]
            "plain copy with fsync": lambda paths=paths: plain_copy(paths, out),  # type: ignore[misc]
            "copy and digest": lambda paths=paths: our_copy(paths, out),  # type: ignore[misc]
        }
        took = measure(jobs, runs, out)
        report(title, took, size)
        reference = [took["hashlib, one pass"], took["plain copy with fsync"]]
        ratio("copy and digest / slower of the two", took["copy and digest"], reference, "<= 1.3x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=["hash", "copy"])
    parser.add_argument(
        "--folder", default=None, help="where the big files go (default: the temporary folder)"
    )
    options = parser.parse_args()
    size = int(options.gib * (1 << 30))
    folder = Path(tempfile.mkdtemp(prefix="disk-primitives-", dir=options.folder))
    try:
        one, shards = make_inputs(folder, size)
        if options.only != "copy":
            bench_hash(one, shards, size, options.runs, folder / "out")
        if options.only != "hash":
            bench_copy(one, shards, size, options.runs, folder / "out")
        print(f"\npeak RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
