"""All gates over recorded evidence plus the verdict, against importing doit, yaml and jsonschema alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measure import Bench, Run, main, run_child
from projects import bundled_project, copy_code, doit_env

ALLOWANCE_S = 0.1  # what evaluating may cost above the imports
_IMPORTS = "import doit, yaml, jsonschema"
_DECIDE = f"{_IMPORTS}\nimport release_tasks\nprint(release_tasks.decide_release().decision)"


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Measure both whole processes, start of the interpreter included."""
    del asked
    code = copy_code(folder)
    env = doit_env(code)
    bundled = bundled_project(folder, code)

    def imports() -> Run:
        return run_child([sys.executable, "-c", _IMPORTS], cwd=bundled, env=env)

    def decide() -> Run:
        return run_child([sys.executable, "-c", _DECIDE], cwd=bundled, env=env, says="PASS")

    bench.measure({"import doit, yaml, jsonschema": imports, "the same, and decide_release": decide})
    bench.compare(
        "decide_release / (imports + 100 ms)",
        "the same, and decide_release",
        lambda seconds: seconds("import doit, yaml, jsonschema") + ALLOWANCE_S,
        at_most=1.0,
    )
    bench.notes.append(
        "the bundled project, released once: release.toml, policy and every evidence record are read anew, "
        "what the evidence speaks of is looked up by digest, every gate is judged"
    )


if __name__ == "__main__":
    main("gate", run, rounds=31, small_rounds=3, warmup=2)
