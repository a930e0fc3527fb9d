"""All documents of the bundled release but its page, against the start of the interpreter."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measure import Bench, Run, main, run_child
from projects import bundled_project, copy_code, doit_env

ALLOWANCE_S = 0.3  # what reading the evidence and rendering may cost above the start
_RENDER = """
from pathlib import Path
from release_tasks.stages.documents_action import read_content, render_documents
from release_tasks.stages.release_manifest import read_release_manifest
folder = Path("release/0.1.0")
documents = render_documents(read_content(folder, read_release_manifest(folder).files))
print(*(document.path for document in documents))
"""


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Measure both whole processes."""
    del asked
    code = copy_code(folder)
    env = doit_env(code)
    bundled = bundled_project(folder, code)

    def start() -> Run:
        return run_child([sys.executable, "-c", "pass"], cwd=bundled, env=env)

    def render() -> Run:
        return run_child([sys.executable, "-c", _RENDER], cwd=bundled, env=env, says="docs/MODEL_CARD.md")

    bench.measure({"python -c pass": start, "all documents": render})
    bench.compare(
        "all documents / (interpreter start + 0.3 s)",
        "all documents",
        lambda seconds: seconds("python -c pass") + ALLOWANCE_S,
        at_most=1.0,
    )
    bench.notes.append(
        "the bundled project, released once: every record is read and every document rendered, "
        "as the rebuild does; the page is measured by page.py"
    )


if __name__ == "__main__":
    main("documents", run, rounds=31, small_rounds=3, warmup=2)
