"""One child process: a group of its own, its output in a log as it comes, never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from release_tasks.records.frozen_record import frozen

_LAUNCHER = Path(__file__).parent / "launcher.py"
_GRACE_S = 3.0  # longer than the launcher's own, which ends the group first


@frozen
class ChildExit:
    """How a child ended: `code` is negative for the number of the signal that killed it."""

    code: int
    seconds: float
    timed_out: bool

    def describe(self) -> str:
        """The end in words, for "step train …"."""
        if self.timed_out:
            return f"was stopped at its time limit after {self.seconds:.1f} s"
        if self.code < 0:
            return f"was killed by {signal_name(-self.code)}"
        return f"failed with exit code {self.code}"


def signal_name(number: int) -> str:
    """`SIGSEGV` for 11; the number where the system has no name for it."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def run_child(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    timeout_s: float | None = None,
    on_output: Callable[[bytes], None] | None = None,
    pass_fds: tuple[int, ...] = (),
    guarded: bool = True,
    answer: Path | None = None,
    given: Path | None = None,
    umask: int = 0o022,
) -> ChildExit:
    """Run `argv` to its end with `env` as its whole environment and the bytes of `given`, or no input.

    stdout and stderr are appended to `log` byte by byte as they come, and given to `on_output`; with `answer`
    stdout goes to that new file instead. Whatever ends
    this call (the end of the command, the time limit, an exception such as KeyboardInterrupt, the death of
    this process) ends the command and all it has started; `guarded=False` leaves the last case to the
    command itself (`bwrap --die-with-parent`). On Windows it is not enforced. Raises OSError when `argv[0]`
    cannot be started unguarded.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    guarded = guarded and sys.platform != "win32"
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(log.open("ab", buffering=0))
        line = list(argv)
        with contextlib.ExitStack() as handed_over:
            if guarded:
                unset = "" if "LC_CTYPE" in env else "LC_CTYPE"
                lifeline, held = os.pipe()
                stack.callback(os.close, held)
                handed_over.callback(os.close, lifeline)
                line = [sys.executable, "-I", "-S", str(_LAUNCHER), str(lifeline), unset, *line]
                pass_fds = (*pass_fds, lifeline)
            stdout = None if answer is None else handed_over.enter_context(answer.open("xb"))
            stdin = None if given is None else handed_over.enter_context(given.open("rb"))
            process = _start(
                line, cwd=cwd, env=env, pass_fds=pass_fds, stdin=stdin, stdout=stdout, umask=umask
            )
        stack.callback(_close_output, process)
        try:
            with _time_limit(process, timeout_s) as expired:
                for block in _blocks(process):
                    sink.write(block)
                    if on_output is not None:
                        on_output(block)
                code = process.wait()
        except BaseException:
            _stop(process)
            raise
    return ChildExit(code=code, seconds=time.perf_counter() - began, timed_out=expired.is_set())


def _start(
    line: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    pass_fds: tuple[int, ...],
    stdin: BinaryIO | None,
    stdout: BinaryIO | None,
    umask: int,
) -> subprocess.Popen[bytes]:
    """Start the child; its pipe is that of its stdout, or of its stderr beside `stdout`."""
    if sys.platform == "win32":
        return subprocess.Popen(
            line,
            cwd=cwd,
            env=dict(env),
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE if stdout else subprocess.STDOUT,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )
    return subprocess.Popen(
        line,
        cwd=cwd,
        env=dict(env),
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE if stdout else subprocess.STDOUT,
        start_new_session=True,
        umask=umask,
        pass_fds=pass_fds,
    )


def _blocks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    pipe = process.stdout or process.stderr
    assert pipe is not None  # noqa: S101 - it was asked for in _start
    while block := os.read(pipe.fileno(), 65536):
        yield block


def _close_output(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


@contextlib.contextmanager
def _time_limit(process: subprocess.Popen[bytes], timeout_s: float | None) -> Iterator[threading.Event]:
    expired = threading.Event()
    if timeout_s is None:
        yield expired
        return

    def expire() -> None:
        expired.set()
        _stop(process)

    timer = threading.Timer(timeout_s, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        timer.join()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the group to end, and after a grace end it."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False, capture_output=True)
        process.wait()
        return
    for number, grace_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            continue
        return
