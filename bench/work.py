"""One piece of work in a process of its own, so that its peak RSS is its own; prints the seconds it took.

`python work.py hashlib|hashlib2|copy|ours [--out FOLDER] FILES...`; called by the benchmarks.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from release_tasks.formats.safetensors_header import PREFIX_BYTES
from release_tasks.system.copying import CopyJob, copy_many
from release_tasks.system.safetensors_file import read_header


def hash_file(path: Path) -> str:
    """SHA-256 of a file as the standard library does it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashlib_pass(files: list[Path], out: Path) -> None:
    """One pass over all bytes on one core."""
    del out
    for path in files:
        hash_file(path)


def hashlib_cores(files: list[Path], out: Path) -> None:
    """The same on all cores: whole files to processes, as they become free."""
    del out
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(hash_file, files))


def plain_copy(files: list[Path], out: Path) -> None:
    """Read and write, then fsync; what `cp` and `sync` do."""
    for path in files:
        with path.open("rb") as source, (out / path.name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            os.fsync(target.fileno())


def package(files: list[Path], out: Path) -> None:
    """What the step `package` does with the weights: copy, both digests, a digest of each tensor, fsync."""
    jobs = []
    for path in files:
        raw, header = read_header(path, where=path.name)
        offset = PREFIX_BYTES + len(raw)
        tensors = [(offset + tensor.start, offset + tensor.end) for tensor in header.tensors]
        jobs.append(CopyJob(source=path, dest=out / path.name, ranges=((0, offset), *tensors), mode=0o444))
    copy_many(jobs, follow=True)


WORK: dict[str, Callable[[list[Path], Path], None]] = {
    "hashlib": hashlib_pass,
    "hashlib2": hashlib_cores,
    "copy": plain_copy,
    "ours": package,
}


def main() -> int:
    """Do one piece of work and print its seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=WORK)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("files", type=Path, nargs="+")
    asked = parser.parse_args()
    began = time.perf_counter()
    WORK[asked.work](asked.files, asked.out)
    print(time.perf_counter() - began)
    return 0


if __name__ == "__main__":
    sys.exit(main())
