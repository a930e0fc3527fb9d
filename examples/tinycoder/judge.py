"""Run generated code against tests in a child process with limits of time, memory and file size.

The limits keep accidents of generated code (endless loops, memory hogs, stray files) from the evaluation;
they are no protection from an attacker. Where the `resource` module is missing (Windows), only the
wall clock limits a child.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile

CPU_SECONDS = 2
WALL_SECONDS = 20  # a child that sleeps; generous, so that a busy machine does not change the verdict
MEMORY_BYTES = 256 * 1024 * 1024

# The child says its word only after the last test: code that leaves early by exit(0) has not passed.
_CHILD = """
import json, sys
job = json.loads(sys.stdin.buffer.read())
try:
    import resource
except ImportError:
    resource = None
if resource is not None:
    for name, value in job["limits"]:
        limit = getattr(resource, name, None)
        if limit is not None:
            try:
                resource.setrlimit(limit, (value, value))
            except (ValueError, OSError):
                pass  # macOS refuses RLIMIT_AS; the other limits hold
space = {"__name__": "generated"}
exec(compile(job["code"], "generated.py", "exec"), space)
for test in job["tests"]:
    exec(compile(test, "test.py", "exec"), space)
sys.__stdout__.write(job["word"])
"""


def compiles(code: str) -> bool:
    """Tell whether the code is Python with at least one statement."""
    try:
        compile(code, "generated.py", "exec")
    except (SyntaxError, ValueError):  # ValueError: a null character
        return False
    return bool(code.strip())


def passes(code: str, tests: tuple[str, ...]) -> bool:
    """Tell whether all tests hold within the limits; False for every other outcome."""
    word = hashlib.sha256(json.dumps([code, tests]).encode()).hexdigest()
    limits = [
        ("RLIMIT_CPU", CPU_SECONDS),
        ("RLIMIT_AS", MEMORY_BYTES),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ]
    job = json.dumps({"code": code, "tests": tests, "word": word, "limits": limits})
    keep = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-s", "-S", "-P", "-B", "-W", "ignore", "-c", _CHILD],
                input=job.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={**keep, "PYTHONHASHSEED": "0"},
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0 and done.stdout.endswith(word.encode())
