"""K12: every target is there, says what it does, and is a line or two over doit."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Makefile").read_text("utf-8")
K12 = [
    "soft",
    "release",
    "venv",
    "test",
    "test-structural",
    "test-heuristic",
    "determinism",
    "ci-local",
    "clean",
    "help",
]

_with_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def planned(*args: str) -> str:
    """What make would run, with an environment that is there."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", *args, f"VENV={sys.prefix}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@_with_make
def test_targets_of_the_requirement() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert set(K12) <= told.keys()
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", TEXT, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].replace("\\", " ").split()) == told.keys()
    page = (ROOT / "docs/reference/ci.md").read_text("utf-8")
    assert re.findall(r"^\| `make ([a-z-]+)` \|", page, re.MULTILINE) == list(told)


@_with_make
@pytest.mark.parametrize("target", K12)
def test_target_can_be_planned(target: str) -> None:
    assert planned(target) or target == "venv"


@_with_make
def test_clean_touches_no_release() -> None:
    """R21: sealed releases are only in release/ and experiments/, and their state can be made again."""
    words = planned("clean").split()
    assert words[:2] == ["rm", "-rf"]
    assert not [
        word
        for word in words[2:]
        if word.removeprefix("./").split("/")[0] in {"release", "experiments", "baselines"}
    ]
    assert not [word for word in words[2:] if "*" in word]


def test_both_kinds_of_tests_are_chosen() -> None:
    """K10: what bears no mark is structural, so the two targets together are the whole suite."""
    assert '-m "not heuristic and not slow"' in TEXT
    assert "pytest -m heuristic" in TEXT


def test_a_run_of_no_test_fails(tmp_path: Path) -> None:
    """K12: a mark that nothing bears is an error, not a pass."""
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "heuristic",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 5, done.stdout
