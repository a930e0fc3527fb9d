"""The judge of [evaluation.workmanship]: scores from 0 to 1 by what the code does, not by how it reads."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from judge import compiles, passes


def plain(code: str) -> bool:
    """Tell whether the code is one function that returns something and repeats no line."""
    body = ast.parse(code).body
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    returns = any(isinstance(node, ast.Return) for item in body for node in ast.walk(item))
    return (
        len(body) == 1 and isinstance(body[0], ast.FunctionDef) and returns and len(set(lines)) == len(lines)
    )


def judge(request: dict[str, Any]) -> dict[str, float]:
    """Return a score for every criterion of the rubric."""
    sample = request["sample"]
    works = compiles(sample["code"])
    return {
        "compiles": float(works),
        "passes": float(works and passes(sample["code"], tuple(sample["tests"]))),
        "plain": float(works and plain(sample["code"])),
    }
