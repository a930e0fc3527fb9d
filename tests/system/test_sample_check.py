from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from release_tasks.system import sample_check
from release_tasks.system.sample_check import sample_problem

needs_rust = pytest.mark.skipif(shutil.which("rustc") is None, reason="no rustc on PATH")


@pytest.mark.parametrize("sample", ["", " ", "\n\t\n"])
@pytest.mark.parametrize("check", [None, "python", "rust", ("true",)])
def test_an_empty_sample_passes_no_check(sample: str, check: str | tuple[str, ...] | None) -> None:
    assert sample_problem(sample, check) == "the sample is empty"


def test_without_a_check_any_sample_passes() -> None:
    assert sample_problem("}{", None) is None


@pytest.mark.parametrize(
    "sample", ["def f(x):\n    return x\n", "# -*- coding: utf-7 -*-\nx = 1\n", "é = 'ü'", "'\\d'"]
)
def test_python_that_compiles(sample: str) -> None:
    assert sample_problem(sample, "python") is None


@pytest.mark.parametrize(
    ("sample", "problem"),
    [
        ("def f(:\n", "SyntaxError: invalid syntax (sample.py, line 1)"),
        ("return 1", "SyntaxError: 'return' outside function (sample.py, line 1)"),
        ("  x = 1", "IndentationError: unexpected indent (sample.py, line 1)"),
    ],
)
def test_python_that_does_not_compile(sample: str, problem: str) -> None:
    assert sample_problem(sample, "python") == problem


@pytest.mark.parametrize(
    "sample", ["a\0b", "\ud800 = 1", "(" * 5000, "-" * 100_000 + "1", "x = " + "[" * 150 + "]" * 150]
)
def test_a_bomb_is_a_problem_of_the_sample_not_of_ours(sample: str) -> None:
    """The model writes whatever it likes; the check must say so and live."""
    problem = sample_problem(sample, "python")
    assert problem is None or "Error" in problem
    assert sample.startswith("x") or problem is not None


def test_a_sample_is_compiled_and_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    assert sample_problem(f"open({str(trap)!r}, 'w')", "python") is None
    assert not trap.exists()


@needs_rust
def test_rust_is_asked_of_rustc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(
        "HOME", pytest.importorskip("pwd").getpwuid(os.getuid()).pw_dir
    )  # rustup finds its toolchain there
    assert sample_problem("pub fn f(x: i32) -> i32 { x + 1 }\n", "rust") is None
    problem = sample_problem("pub fn f(x: i32) -> i32 { x + }\n", "rust")
    assert problem is not None
    assert problem.startswith("rustc exit code 1: error")
    assert list(tmp_path.iterdir()) == []


def test_without_rustc_rust_is_refused_and_not_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled: required and skipped is failed."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert sample_problem("fn main() {}", "rust") == "rustc is not on PATH"


def test_a_command_judges_by_its_exit_code() -> None:
    script = "import sys; text = open(sys.argv[-1]).read(); sys.exit(f'bad: {text}' if 'x' in text else 0)"
    command = (sys.executable, "-c", script)
    assert sample_problem("good", command) is None
    assert sample_problem("x", command) == f"{sys.executable} exit code 1: bad: x"


def test_a_command_that_is_not_there_refuses() -> None:
    problem = sample_problem("x", ("/no/such/program",))
    assert problem == "/no/such/program: [Errno 2] No such file or directory: '/no/such/program'"


def test_a_command_that_never_ends_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_check, "_LIMIT_S", 0.2)
    problem = sample_problem("x", (sys.executable, "-c", "import time; time.sleep(60)"))
    assert problem is not None
    assert "timed out" in problem


def test_the_check_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sample_problem("x", (sys.executable, "-c", "open('litter', 'w')"))
    assert list(tmp_path.iterdir()) == []
