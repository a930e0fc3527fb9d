"""Ctrl-C and kill -9 in the middle of a step: no half file, no orphan, and the next run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from project import TRAIN, Project, contents, ran, wait_for

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups here")


def _sleeping(project: Project, *options: str) -> tuple[subprocess.Popen[str], str]:
    """Start a run whose step sleeps beside a grandchild; returns it and a mark of its processes."""
    mark = f"asleep-{os.getpid()}-{project.root.parent.name}"
    project.write(
        "scripts/train.py",
        "import pathlib, subprocess, sys, time\n"
        "pathlib.Path('build/config.json').write_text('half')\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', '{mark}'])\n"
        "print('sleeping', flush=True); time.sleep(60)\n",
    )
    process = project.start("freeze", "--update", *options)
    log = project.path(".release/logs/step-train.log")
    wait_for(lambda: log.exists() and "sleeping" in log.read_text())
    wait_for(lambda: _alive(mark))
    return process, mark


def _alive(mark: str) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in line:
                return True
    return False


def _goes_on(project: Project, before: dict[str, bytes]) -> None:
    assert contents(project.path("build")) == before
    project.write("scripts/train.py", TRAIN + "# mended\n")
    done = project.doit("freeze", "--update")
    assert (done.returncode, ran(done)) == (0, ["step:train"]), done.stdout + done.stderr
    assert list(project.path(".release/staging").iterdir()) == []
    assert list(project.path(".release/progress").iterdir()) == []
    assert project.doit("release").returncode == 0


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_ctrl_c_ends_everything_without_a_traceback(released: Project, options: tuple[str, ...]) -> None:
    before = contents(released.path("build"))
    process, mark = _sleeping(released, *options)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out.strip(), err) == (
        "run     step:train",
        "interrupted: what was half done has been removed; run again to go on\n",
    )
    wait_for(lambda: not _alive(mark))
    _goes_on(released, before)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_children_die_with_a_run_that_is_killed(released: Project, number: signal.Signals) -> None:
    before = contents(released.path("build"))
    process, mark = _sleeping(released)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == -number
    wait_for(lambda: not _alive(mark))
    _goes_on(released, before)
