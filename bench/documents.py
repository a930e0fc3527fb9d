"""All documents of a release without its page: at most 0.3 s above the start of an interpreter."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

_RENDER = """
from pathlib import Path
from release_tasks.stages.documents_action import render_documents
from release_tasks.verbs.release_content import read_release_content
render_documents(read_release_content(Path({folder!r})))
"""
LIMIT_S = 0.3
RUNS = 9


def seconds(code: str) -> float:
    """Wall-clock seconds of one interpreter that runs `code`."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return time.perf_counter() - begin


def main() -> int:
    """Compare the best of several runs of both, turn by turn; 1 when the documents take too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path, nargs="?", default=Path("release/0.1.0"))
    folder = str(parser.parse_args().release)
    pairs = [(seconds("pass"), seconds(_RENDER.format(folder=folder))) for _ in range(RUNS)]
    start, whole = (min(times) for times in zip(*pairs, strict=True))
    above = whole - start
    print(f"interpreter {start:.3f} s, documents {above:.3f} s above it, limit {LIMIT_S} s")
    return 0 if above <= LIMIT_S else 1


if __name__ == "__main__":
    raise SystemExit(main())
