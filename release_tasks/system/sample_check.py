"""Does a generated sample compile: Python in process, Rust by rustc, anything else by the user's command."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

_LIMIT_S = 120


def sample_problem(sample: str, check: str | tuple[str, ...] | None) -> str | None:
    """Say why a sample is refused, or None when it passes.

    `python` compiles it without running it, `rust` asks rustc for metadata only, a command gets the sample's
    path as its last argument and must exit with 0. Without a check any sample that is not empty passes.
    """
    if not sample.strip():
        return "the sample is empty"
    if check is None:
        return None
    if check == "python":
        return _python_problem(sample)
    if check == "rust":
        if shutil.which("rustc") is None:
            return "rustc is not on PATH"
        # Into the temporary folder: rustc renames over its output, and as root that would replace /dev/null.
        rustc = ("rustc", "--crate-type=lib", "--emit=metadata", "-o", "sample.rmeta")
        return _command_problem(sample, rustc, ".rs")
    return _command_problem(sample, tuple(check), ".txt")


def _python_problem(sample: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(sample, "sample.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _command_problem(sample: str, command: Sequence[str], suffix: str) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sample{suffix}"
        path.write_text(sample, "utf-8")
        try:
            done = subprocess.run(
                [*command, str(path)], capture_output=True, cwd=folder, timeout=_LIMIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{command[0]}: {error}"
    if done.returncode == 0:
        return None
    return (
        f"{command[0]} exit code {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()[:1000]}"
    )
