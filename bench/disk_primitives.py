"""The disk primitives alone, against hashlib and a plain copy with fsync: for whoever works on them."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure import Bench, Case, Run, main, timed
from work import hashlib_pass, plain_copy

from release_tasks.system.copying import CopyJob, copy_and_digest, copy_many
from release_tasks.system.hashing import digest_file, digest_many

SHARDS = 8
_BLOCK = 64 << 20  # bytes


def make_inputs(folder: Path, size: int) -> tuple[Path, list[Path]]:
    """Write one file of `size` bytes, and as many in 8 shards."""
    block = os.urandom(_BLOCK)
    one = folder / "one"
    shards = [folder / f"shard-{number}" for number in range(SHARDS)]
    for path, length in [(one, size), *((shard, size // SHARDS) for shard in shards)]:
        with path.open("wb") as file:
            for start in range(0, length, _BLOCK):
                file.write(block[: min(_BLOCK, length - start)])
            os.fsync(file.fileno())
    return one, shards


def _hashlib_threads(paths: list[Path]) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: hashlib_pass([path], path), paths))


def _our_copy(paths: list[Path], out: Path) -> None:
    if len(paths) == 1:
        copy_and_digest(paths[0], out / paths[0].name)
    else:
        copy_many([CopyJob(source=path, dest=out / path.name) for path in paths])


def _fresh(out: Path, work: Callable[[], object]) -> Case:
    def case() -> Run:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        os.sync()
        return timed(work)()

    return case


def bench_hash(bench: Bench, one: Path, shards: list[Path]) -> None:
    """Both digests, each alone, one file and shards."""
    bench.measure(
        {
            "hashlib, one pass": timed(lambda: hashlib_pass(shards, one)),
            "hashlib, 2 threads": timed(lambda: _hashlib_threads(shards)),
            "blake3, 8 shards": timed(lambda: digest_many(shards, sha256=False)),
            "blake3, one file": timed(lambda: digest_file(one, sha256=False)),
            "sha256, 8 shards": timed(lambda: digest_many(shards, blake3=False)),
            "both, 8 shards": timed(lambda: digest_many(shards)),
            "both, one file": timed(lambda: digest_file(one)),
        }
    )
    for what in ("8 shards", "one file"):
        bench.compare(
            f"hashlib, one pass / blake3, {what}",
            f"blake3, {what}",
            lambda seconds: seconds("hashlib, one pass"),
            at_least=4.0,
        )
    bench.compare(
        "both, 8 shards / hashlib, 2 threads",
        "both, 8 shards",
        lambda seconds: seconds("hashlib, 2 threads"),
        at_most=1.2,
    )
    bench.compare(
        "both, one file / hashlib, one pass",
        "both, one file",
        lambda seconds: seconds("hashlib, one pass"),
        at_most=1.2,
    )


def bench_copy(bench: Bench, one: Path, shards: list[Path], out: Path) -> None:
    """Copy and digest against each half of the work alone."""
    for title, paths in (("one file", [one]), ("8 shards", shards)):
        ours, hashed, copied = (f"{title}: {what}" for what in ("copy and digest", "hashlib", "copy, fsync"))
        bench.measure(
            {
                ours: _fresh(out, lambda paths=paths: _our_copy(paths, out)),  # type: ignore[misc]
                hashed: _fresh(out, lambda paths=paths: hashlib_pass(paths, out)),  # type: ignore[misc]
                copied: _fresh(out, lambda paths=paths: plain_copy(paths, out)),  # type: ignore[misc]
            }
        )
        bench.compare(
            f"{title}: copy and digest / slower of (hashlib, copy with fsync)",
            ours,
            lambda seconds, hashed=hashed, copied=copied: max(seconds(hashed), seconds(copied)),  # type: ignore[misc]
            at_most=1.3,
        )


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """All in this process: the threads share its interpreter, as they do in a release."""
    size = int((asked.gib or (0.1 if asked.small else 2)) * (1 << 30))
    one, shards = make_inputs(folder, size)
    if asked.only != "copy":
        bench_hash(bench, one, shards)
    if asked.only != "hash":
        bench_copy(bench, one, shards, folder / "out")
    bench.notes.append(f"{size / 1e9:.2f} GB, page cache warm")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gib", type=float, default=None, help="size in 2^30 bytes (2)")
    parser.add_argument("--only", choices=["hash", "copy"])


if __name__ == "__main__":
    main("disk_primitives", run, rounds=3, options=options)
