"""A script that stands between us and a command outside of a sandbox, and takes its whole group down with us.

Run as `python -I -S launcher.py FD UNSET ARGV...`. FD is the reading end of a pipe whose only writer is the
parent: it closes when the parent dies, however it dies (a preexec_fn would not be safe with threads, and the
death signal of Linux is unknown elsewhere). UNSET is a variable that Python may have added (the locale of
PEP 538) and the command was not given, or empty. It has a session of its own, and ends what is left there.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

GRACE_S = 2.0
_NOT_FOUND = 127


def _adopt_orphans() -> None:
    """On Linux, become the parent of grandchildren that leave the group, so that they can be found."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - a script of its own; only Linux needs it

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER, prctl(2)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as stream:  # noqa: PTH123
            return [int(pid) for pid in stream.read().split()]
    except OSError:
        return []


def _end_group() -> None:
    """Kill everything that is left: the group, then orphans, whose own children become ours in turn."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    for pid in _children():  # those of other groups too
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            time.sleep(0.01)
    for left in iter(_children, []):
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    if sys.platform != "linux":
        os.killpg(0, signal.SIGKILL)  # ours too: what ignores SIGTERM cannot be told apart there


def main(lifeline: int, argv: list[str]) -> int:
    """Run `argv`; returns its exit code, or dies of the signal that it died of."""
    os.set_inheritable(lifeline, False)  # noqa: FBT003 - positional only
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    _adopt_orphans()
    child = os.fork()
    if child == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execvpe(argv[0], argv, os.environ)  # noqa: S606 - running the user's command is the point
        except OSError as error:
            os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
            os._exit(_NOT_FOUND)
    status: int | None = None
    while status is None:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if lifeline in ready:
            _end_group()
            return 1
        if signal.SIGTERM in os.read(woken, 512):
            _end_group()
            return 128 + signal.SIGTERM
        while True:
            try:
                pid, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            status = ended if pid == child else status
    _end_group()
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) != signal.SIGKILL:
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    os.environ.pop(sys.argv[2], None)
    sys.exit(main(int(sys.argv[1]), sys.argv[3:]))
