"""kill -9 at every fsync and rename of packaging: old or new release, whole; and the next run mends everything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox import faulty

STRACE = shutil.which("strace")
CALLS = ("fsync", "fdatasync", "rename", "renameat2", "unlink", "rmdir")
CHUNKS = 8
EVERY_NTH_UNLINK = 4  # removing the displaced release is twenty of the same
TWO_RENAMES = ("-e", "inject=renameat2:error=ENOSYS")  # as on a file system without exchange


def _strace_works() -> bool:
    if STRACE is None:
        return False
    line = [STRACE, "-qq", "-f", "-e", "trace=none", "true"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _strace_works(), reason="needs strace with the right to trace")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A project with release A accepted and everything done for B up to its gate."""

    root: Path
    old_root: str
    old_exact: str
    new_exact: str


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    base = tmp_path_factory.mktemp("kill")
    root = faulty.write_project(base / "project")
    faulty.release(root)
    old_root, old_exact = faulty.root_of(root), faulty.exact_root(root)
    (root / "source.txt").write_text("B", "utf-8")
    for command in (("freeze", "--update"), ("run", "gate")):
        done = faulty.doit(root, *command)
        assert done.code == 0, done.text
    assert faulty.exact_root(root) == old_exact
    undisturbed = faulty.copy_project(root, base / "undisturbed")
    done = faulty.doit(undisturbed, "release")
    assert done.code == 0, done.text
    new_exact = faulty.exact_root(undisturbed)
    assert new_exact != old_exact
    return Prepared(root=root, old_root=old_root, old_exact=old_exact, new_exact=new_exact)


def _strace(log: Path | str, *options: str) -> tuple[str, ...]:
    assert STRACE is not None
    return (
        STRACE,
        "-qq",
        "-f",
        "-e",
        "signal=none",
        "-e",
        f"trace={','.join(CALLS)},mkdir",
        *options,
        "-o",
        str(log),
    )


def _events(prepared: Prepared, work: Path, *options: str) -> list[tuple[str, int]]:
    """Every (call, how many of that call the main thread has made by then) from the start of packaging."""
    root = faulty.copy_project(prepared.root, work / "counted")
    log = work / "strace.txt"
    done = faulty.doit(root, "release", before=_strace(log, *options))
    assert done.code == 0, done.text
    lines = log.read_text("utf-8", "replace").splitlines()
    main = lines[0].split()[0]
    counts: Counter[str] = Counter()
    events = []
    packaging = False
    for line in lines:
        process, _, rest = line.partition(" ")
        found = re.match(r"\s*([a-z0-9]+)\(", rest)
        packaging = packaging or "release/.staging-" in rest
        if process == main and found and found[1] in CALLS:
            counts[found[1]] += 1
            if packaging:
                events.append((found[1], counts[found[1]]))
    return events


def _check_after_kill(prepared: Prepared, root: Path) -> None:
    report = faulty.checked(root / faulty.FOLDER)
    assert report.problems == ()
    assert str(report.root) == prepared.old_root or str(report.exact_root) == prepared.new_exact
    assert faulty.broken_bundles(root) == []


def _check_next_run(prepared: Prepared, root: Path) -> None:
    again = faulty.doit(root, "release")
    assert again.code == 0, again.text
    assert "Traceback" not in again.text
    assert faulty.exact_root(root) == prepared.new_exact
    assert faulty.leftovers(root) == []
    assert faulty.broken_bundles(root) == []
    for kind in ("tar", "zip"):
        bundle = root / "release" / f"{faulty.STEM}.{kind}"
        assert bundle.with_name(bundle.name + ".sha256").exists()
        assert str(faulty.checked(bundle).root) == faulty.root_of(root)


def _kill(prepared: Prepared, work: Path, event: tuple[str, int], *options: str) -> bool:
    """Kill one run and check what it left; False when it made fewer of these calls than the counted run."""
    call, number = event
    root = faulty.copy_project(prepared.root, work / f"{call}-{number}")
    killed = faulty.doit(
        root,
        "release",
        before=_strace(os.devnull, *options, "-e", f"inject={call}:signal=KILL:when={number}"),
    )
    was_killed = killed.code < 0 or killed.code == 137
    assert was_killed or killed.code == 0, f"{event}\n{killed.text}"
    _check_after_kill(prepared, root)
    _check_next_run(prepared, root)
    shutil.rmtree(root)
    return was_killed


def test_killed_at_the_exchange_and_around_it(prepared: Prepared, tmp_path: Path) -> None:
    """The four worst moments; `test_killed_everywhere` has all of them."""
    events = _events(prepared, tmp_path)
    exchange = events.index(("renameat2", 1))
    first_unlink = next(event for event in events[exchange:] if event[0] == "unlink")
    acceptance = next(event for event in events[exchange:] if event[0] == "rename")
    archive = ("rename", acceptance[1] + 2)
    assert archive in events
    for event in (("renameat2", 1), (first_unlink[0], first_unlink[1] + 3), acceptance, archive):
        assert _kill(prepared, tmp_path, event), event


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_everywhere(prepared: Prepared, tmp_path: Path, chunk: int) -> None:
    events = _events(prepared, tmp_path)
    chosen = [event for event in events if event[0] != "unlink"]
    chosen += [event for event in events if event[0] == "unlink"][::EVERY_NTH_UNLINK]
    assert Counter(call for call, _ in chosen)["fsync"] >= 30
    survived = [event for event in chosen[chunk::CHUNKS] if not _kill(prepared, tmp_path, event)]
    assert len(survived) <= 1, survived  # a digest that was racy in the counted run is one fsync less


@pytest.mark.slow
def test_killed_while_an_artifact_is_flushed(prepared: Prepared, tmp_path: Path) -> None:
    """Copies are flushed by threads, whose calls strace counts apart: with all digests known they come first."""
    root = faulty.copy_project(prepared.root, tmp_path / "project")
    assert faulty.doit(root, "run", "gate").code == 0
    log = tmp_path / "strace.txt"
    inject = ("-y", "-e", "inject=fsync:signal=KILL:when=1")
    killed = faulty.doit(root, "release", before=_strace(log, *inject))
    assert killed.code < 0 or killed.code == 137, killed.text
    assert re.search(r"fsync\(\d+<[^>]*/\.staging-1\.0\.0/[a-z.]+>", log.read_text("utf-8", "replace"))
    _check_after_kill(prepared, root)
    _check_next_run(prepared, root)


@pytest.mark.slow
def test_killed_between_two_renames_where_there_is_no_exchange(prepared: Prepared, tmp_path: Path) -> None:
    """Then the old release may be away for a moment; what is there is whole, and the next run mends it."""
    events = _events(prepared, tmp_path, *TWO_RENAMES)
    first = events.index(("renameat2", 1))
    renames = [event for event in events[first:] if event[0] == "rename"][:4]  # marker, away, in, acceptance
    flushes = [event for event in events[first:] if event[0] == "fsync"][:4]
    unlinks = [event for event in events[first:] if event[0] == "unlink"][:3]
    for event in (*renames, *flushes, *unlinks):
        root = faulty.copy_project(prepared.root, tmp_path / "project")
        inject = f"inject={event[0]}:signal=KILL:when={event[1]}"
        killed = faulty.doit(root, "release", before=_strace(os.devnull, *TWO_RENAMES, "-e", inject))
        assert killed.code < 0 or killed.code == 137, f"{event}: not killed\n{killed.text}"
        if (root / faulty.FOLDER).exists():
            _check_after_kill(prepared, root)
        again = faulty.doit(root, "release", before=_strace(os.devnull, *TWO_RENAMES))
        assert again.code == 0, f"{event}\n{again.text}"
        assert faulty.exact_root(root) == prepared.new_exact
        assert faulty.leftovers(root) == []
        shutil.rmtree(root)


@pytest.mark.slow
def test_killed_again_and_again(tmp_path: Path) -> None:
    """One project, killed at every twentieth of a run without ever being let finish, then once let finish."""
    root = faulty.write_project(tmp_path / "project")
    faulty.release(root)
    old = faulty.exact_root(root)
    (root / "source.txt").write_text("B", "utf-8")
    killed = 0
    for command in (("freeze", "--update"), ("release",)):
        for tick in range(24):
            with subprocess.Popen(
                [faulty.DOIT, *command], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                try:
                    process.wait(0.05 * (tick + 1))
                except subprocess.TimeoutExpired:
                    process.kill()
                    killed += 1
            report = faulty.checked(root / faulty.FOLDER)
            assert report.problems == (), (command, tick)
            assert faulty.broken_bundles(root) == []
        done = faulty.doit(root, *command)
        assert done.code == 0, done.text
    assert killed >= 10
    assert faulty.exact_root(root) != old
    assert faulty.leftovers(root) == []
    expected = faulty.write_project(tmp_path / "expected", source="B")
    faulty.release(expected)
    assert faulty.exact_root(root) == faulty.exact_root(expected)
