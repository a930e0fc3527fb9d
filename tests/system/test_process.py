"""Children: exact logs, exact ends, and nobody left behind."""

# ruff: noqa: FBT001 - parameters of parametrized tests
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from release_tasks.system.process import ChildExit, run_child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals of POSIX")
ENV = {"PATH": "/usr/bin:/bin"}
TREE = "import subprocess, sys, time; p = subprocess.Popen({child!r}, start_new_session={away}); print(p.pid, flush=True); time.sleep(60)"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return sys.platform != "linux"


def wait_until(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def run(tmp_path: Path, code: str, **options: Any) -> ChildExit:
    return run_child([sys.executable, "-c", code], cwd=tmp_path, env=ENV, log=tmp_path / "log", **options)


@pytest.mark.parametrize("guarded", [True, False])
def test_output_is_appended_byte_by_byte(tmp_path: Path, guarded: bool) -> None:
    (tmp_path / "log").write_bytes(b"before\n")
    code = r"import os; os.write(1, b'\xff\x00a\r\n'); os.write(2, b'b'); os.write(1, b'c')"
    ended = run(tmp_path, code, guarded=guarded)
    assert (ended.code, ended.timed_out) == (0, False)
    assert (tmp_path / "log").read_bytes() == b"before\n\xff\x00a\r\nbc"


def test_output_is_in_the_log_while_the_command_runs(tmp_path: Path) -> None:
    code = "import time, pathlib; print('first', flush=True)\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\nprint('second')"
    seen = []

    def on_output(block: bytes) -> None:
        seen.append((block, (tmp_path / "log").read_bytes()))
        (tmp_path / "go").touch()

    run(tmp_path, code, on_output=on_output)
    assert seen == [(b"first\n", b"first\n"), (b"second\n", b"first\nsecond\n")]


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize(
    ("code", "number", "said"),
    [
        ("raise SystemExit(3)", 3, "failed with exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, "was killed by SIGKILL"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -11, "was killed by SIGSEGV"),
    ],
)
def test_the_end_is_told_exactly(tmp_path: Path, guarded: bool, code: str, number: int, said: str) -> None:
    ended = run(tmp_path, code, guarded=guarded)
    assert (ended.code, ended.describe()) == (number, said)


def test_a_time_limit_is_told(tmp_path: Path) -> None:
    ended = run(tmp_path, "import time; print('x', flush=True); time.sleep(60)", timeout_s=0.3)
    assert ended.timed_out
    assert 0.3 <= ended.seconds < 5
    assert (
        ChildExit(code=-15, seconds=2.0, timed_out=True).describe()
        == "was stopped at its time limit after 2.0 s"
    )


def test_only_the_given_environment_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    run_child(["env"], cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "A": "1"}, log=tmp_path / "log")
    assert sorted((tmp_path / "log").read_text().split()) == ["A=1", "PATH=/usr/bin:/bin"]


def test_there_is_no_input_and_a_fixed_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        run(tmp_path, "import os, sys; print(repr(sys.stdin.read()), oct(os.umask(0)))")
    finally:
        os.umask(before)
    assert (tmp_path / "log").read_text() == "'' 0o22\n"


def test_a_program_that_is_not_there_is_exit_127(tmp_path: Path) -> None:
    ended = run_child(["no-such-program"], cwd=tmp_path, env=ENV, log=tmp_path / "log")
    assert ended.code == 127
    assert (tmp_path / "log").read_text() == "no-such-program: No such file or directory\n"


def test_an_exception_ends_the_command(tmp_path: Path) -> None:
    def on_output(block: bytes) -> None:
        raise KeyboardInterrupt(int(block))

    with pytest.raises(KeyboardInterrupt) as caught:
        run(tmp_path, TREE.format(child=["sleep", "60"], away=False), on_output=on_output)
    wait_until(lambda: not alive(caught.value.args[0]))


@pytest.mark.parametrize(
    "away",
    [
        False,
        pytest.param(True, marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux adopts them")),
    ],
)
def test_what_a_command_leaves_running_is_ended(tmp_path: Path, away: bool) -> None:
    code = TREE.format(child=["sleep", "60"], away=away).replace("; time.sleep(60)", "")
    ended = run(tmp_path, code)
    assert ended.code == 0
    assert not alive(int((tmp_path / "log").read_text()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stubborn", [False, True])
def test_grandchildren_die_with_us(tmp_path: Path, number: int, stubborn: bool) -> None:
    child = ["sleep", "60"]
    if stubborn:
        child = [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)",
        ]
    inner = TREE.format(child=child, away=False)
    outer = (
        "import sys, pathlib; from release_tasks.system.process import run_child;"
        f"run_child([sys.executable, '-c', {inner!r}], cwd=pathlib.Path('.'), env={ENV!r}, log=pathlib.Path('log'))"
    )
    with subprocess.Popen([sys.executable, "-c", outer], cwd=tmp_path, stderr=subprocess.DEVNULL) as parent:
        log = tmp_path / "log"
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
        grandchild = int(log.read_text())
        if stubborn:
            time.sleep(0.2)  # until it ignores SIGTERM
        assert alive(grandchild)
        parent.send_signal(number)
        parent.wait(10)
    wait_until(lambda: not alive(grandchild))
