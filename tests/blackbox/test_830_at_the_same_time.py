"""Several commands on one project at the same time: one works, the others wait their turn or say who works."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from release_tasks.errors import ReleaseError
from tests.blackbox import faulty

LIMIT_S = 600.0


@pytest.mark.parametrize("count", [2, 5])
def test_several_releases_at_once(tmp_path: Path, count: int) -> None:
    root = faulty.write_project(tmp_path / "project", make="import time\ntime.sleep(0.5)\n" + faulty.MAKE)
    assert faulty.doit(root, "freeze").code == 0
    started = [
        subprocess.Popen(
            [faulty.DOIT, "release"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(count)
    ]
    ended = [(process.communicate(timeout=LIMIT_S)[0], process.returncode) for process in started]
    assert [code for _, code in ended].count(0) >= 1
    for text, code in ended:
        assert "Traceback" not in text
        if code != 0:
            assert code == 2
            assert text.startswith("another run is at work in this project\n  found: held by pid ")
            assert text.endswith(f"  where: {root}\n  hint:  wait until it has finished, or stop it\n")
    assert faulty.checked(root / faulty.FOLDER).ok
    assert faulty.broken_bundles(root) == []
    assert faulty.leftovers(root) == []
    last = faulty.doit(root, "release")
    assert "steps      none run, 15 up to date" in last.text


def test_verify_while_a_release_takes_the_place_of_another(tmp_path: Path) -> None:
    """Whatever a reader calls consistent is the old or the new release, never something between."""
    root = faulty.write_project(tmp_path / "project")
    faulty.release(root)
    roots = {faulty.root_of(root)}
    seen: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                report = faulty.checked(root / faulty.FOLDER)
            except ReleaseError:
                continue  # the displaced directory went away under its feet
            if report.ok:
                seen.append(str(report.root))

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for source in "BCB":
            (root / "source.txt").write_text(source, "utf-8")
            faulty.release(root)
            roots.add(str(faulty.root_of(root)))
    finally:
        done.set()
        reader.join(LIMIT_S)
    assert len(seen) > 20
    assert set(seen) <= roots
    assert len(set(seen)) > 1


def test_a_run_beside_a_stopped_one(tmp_path: Path) -> None:
    """The lock goes with its holder: after a kill the next run simply works."""
    root = faulty.write_project(tmp_path / "project", make="import time\ntime.sleep(30)\n" + faulty.MAKE)
    with subprocess.Popen([faulty.DOIT, "freeze"], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "step:make" in process.stdout.readline()
        beside = faulty.doit(root, "check")
        assert beside.code == 0, beside.text
        refused = faulty.doit(root, "freeze")
        assert refused.code == 2
        assert refused.text.startswith("another run is at work in this project\n")
        process.kill()
    (root / "make.py").write_text(faulty.MAKE, "utf-8")
    faulty.release(root)
    assert faulty.leftovers(root) == []


@pytest.mark.parametrize(
    "command",
    [("release",), ("list",), ("verify", faulty.FOLDER), ("verify", faulty.FOLDER, "--json")],
)
def test_a_reader_that_goes_away(tmp_path: Path, command: tuple[str, ...]) -> None:
    """`doit release | true`: no traceback, the status that a shell shows for SIGPIPE, and nothing is torn."""
    root = faulty.write_project(tmp_path / "project")
    faulty.release(root)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [faulty.DOIT, *command], cwd=root, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
    assert faulty.checked(root / faulty.FOLDER).ok


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see processes")
def test_workers_of_a_killed_run_end_with_it(tmp_path: Path) -> None:
    """`-n 2` and kill -9: a worker that went on would publish outputs beside the next run, without its lock."""
    root = faulty.write_project(tmp_path / "project", make="import time\ntime.sleep(300)\n" + faulty.MAKE)
    with subprocess.Popen(
        [faulty.DOIT, "freeze", "-n", "2"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "step:make" in process.stdout.readline()
        # bubblewrap that was only just started is not yet bound to its parent's life: wait for the step itself.
        faulty.until(
            lambda: any(
                "make.py" in line and "bwrap" not in line for line in faulty.descendants(process.pid).values()
            )
        )
        born = set(faulty.descendants(process.pid))
        assert len(born) >= 2
        process.kill()
    faulty.until(lambda: not born & faulty.running())  # in time, far below the 300 s of the step
    assert not (root / "build/model.safetensors").exists()
