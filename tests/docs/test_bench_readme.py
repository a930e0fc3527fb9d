"""bench/README.md names every benchmark, and `make bench` runs each but the one that it says is for whoever works on it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"
README = (BENCH / "README.md").read_text("utf-8")
ASIDE = {"disk_primitives"}  # the parts of two others


def measured() -> set[str]:
    """The scripts that measure something, by the name that they give to what they found."""
    return {
        found[1]
        for path in BENCH.glob("*.py")
        if (found := re.search(r'^    main\(\s*"(\w+)"', path.read_text("utf-8"), re.MULTILINE))
    }


def test_every_benchmark_has_its_row() -> None:
    assert {f"{name}.py" for name in measured()} == set(
        re.findall(r"^\| `(\w+\.py)` \|", README, re.MULTILINE)
    )


def test_all_are_run_but_the_one_aside() -> None:
    tree = ast.parse((BENCH / "run_all.py").read_text("utf-8"))
    names = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAMES"
    )
    assert set(names) == measured() - ASIDE
    assert len(names) == len(set(names))
