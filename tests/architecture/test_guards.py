"""The guards of tests/conftest.py stop what they are there to stop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parent.parent / "conftest.py"

_TESTS = """
import os, socket, subprocess
from pathlib import Path

def test_writes_to_home():
    (Path.home() / "left").write_text("x")

def test_sees_a_plain_environment():
    (Path.home() / "left").unlink()
    found = {"CI", "NO_COLOR", "RELEASE_VERSION", "GIT_DIR", "SOURCE_DATE_EPOCH"} & set(os.environ)
    assert found == set()
    assert os.environ["GIT_CONFIG_GLOBAL"] == os.devnull

def test_leaves_the_machine():
    socket.create_connection(("192.0.2.1", 9), timeout=1)

def test_talks_to_itself():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
"""


def test_guards_stop_what_they_are_there_to_stop(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_careless.py").write_text(_TESTS, encoding="utf-8")
    surprises = dict.fromkeys(("CI", "NO_COLOR", "RELEASE_VERSION", "GIT_DIR", "SOURCE_DATE_EPOCH"), "1")
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--import-mode=importlib", "-rfE"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *options,
            "-c",
            os.devnull,
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ],
        env={**os.environ, **surprises},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("1 failed, 3 passed, 1 error"), done.stdout
    failed, error = lines[-3:-1]
    assert "test_leaves_the_machine" in failed
    assert failed.endswith("YouForgotThatTestsHaveNoNetworkError: connection to 192.0.2.1")
    assert "test_writes_to_home" in error
    assert error.endswith("YouForgotToGiveTheTestAFolderOfItsOwnError: written to $HOME: left")
