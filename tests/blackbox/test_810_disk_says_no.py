"""Full, failing, lying, limited and read-only disks: a clear error, the old release whole, nothing half accepted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.blackbox import faulty

STRACE = shutil.which("strace")
MOUNT = shutil.which("mount")
root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or MOUNT is None, reason="mounting needs root"
)
needs_strace = pytest.mark.skipif(
    STRACE is None
    or subprocess.run(
        [STRACE, "-qq", "-e", "trace=none", "true"], check=False, capture_output=True
    ).returncode
    != 0,
    reason="needs strace with the right to trace",
)
# A model of 800 kB, so that sizes of a small disk fall before, into and behind the copy of it.
LARGE = faulty.MAKE.replace("range(8)", "range(200_000)")


def _project(base: Path) -> Path:
    root = faulty.write_project(base, make=LARGE)
    faulty.release(root)
    (root / "source.txt").write_text("B", "utf-8")
    for command in (("freeze", "--update"), ("run", "gate")):
        done = faulty.doit(root, *command)
        assert done.code == 0, done.text
    return root


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Release A is accepted, B is made and judged, and only its packaging is left to do."""
    return _project(tmp_path_factory.mktemp("disk") / "project")


@pytest.fixture
def project(ready: Path, tmp_path: Path) -> Path:
    return faulty.copy_project(ready, tmp_path / "project")


@contextmanager
def _mounted(*line: str | Path) -> Iterator[None]:
    place = str(line[-1])
    done = subprocess.run([MOUNT or "mount", *map(str, line)], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def _refused(root: Path, done: faulty.Run, *parts: str, old: str) -> None:
    assert done.code == 2, done.text
    assert "Traceback" not in done.text
    for part in parts:
        assert part in done.text
    assert faulty.exact_root(root) == old
    assert faulty.broken_bundles(root) == []


def _mended(root: Path, old: str) -> None:
    done = faulty.doit(root, "release")
    assert done.code == 0, done.text
    assert faulty.exact_root(root) != old
    assert faulty.leftovers(root) == []
    assert faulty.broken_bundles(root) == []


@root_only
@pytest.mark.root
@pytest.mark.parametrize(
    "room",
    [
        pytest.param(8, id="not even records"),
        pytest.param(400, id="half a model"),
        pytest.param(804, id="a model and little else", marks=pytest.mark.slow),
        pytest.param(830, id="no room for MANIFEST", marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_while_packaging(project: Path, tmp_path: Path, room: int) -> None:
    """`room`: kB that are free beside release A."""
    old = faulty.exact_root(project)
    kept = tmp_path / "kept"
    shutil.move(project / "release", kept)
    (project / "release").mkdir()
    with _mounted("-t", "tmpfs", "-o", "size=64m", "tmpfs", project / "release"):
        shutil.copytree(kept, project / "release", dirs_exist_ok=True)
        used = shutil.disk_usage(project / "release").used
        page = used + room * 1024
        subprocess.run(["mount", "-o", f"remount,size={page}", str(project / "release")], check=True)
        done = faulty.doit(project, "release")
        _refused(
            project,
            done,
            "FAILED  package",
            "the disk is full\n  found: ENOSPC: No space left on device\n  where: ",
            "  hint:  free some space on that disk, then run again",
            old=old,
        )
        assert faulty.leftovers(project) == []
        subprocess.run(["mount", "-o", "remount,size=64m", str(project / "release")], check=True)
        _mended(project, old)


@root_only
@pytest.mark.root
def test_a_full_disk_while_bundling_keeps_the_accepted_release(project: Path, tmp_path: Path) -> None:
    """B is accepted before its bundles are written: the directory is the release, a bundle is one more copy."""
    old = faulty.exact_root(project)
    kept = tmp_path / "kept"
    shutil.move(project / "release", kept)
    (project / "release").mkdir()
    with _mounted("-t", "tmpfs", "-o", "size=64m", "tmpfs", project / "release"):
        shutil.copytree(kept, project / "release", dirs_exist_ok=True)
        room = shutil.disk_usage(project / "release").used + 1000 * 1024
        subprocess.run(["mount", "-o", f"remount,size={room}", str(project / "release")], check=True)
        # The release takes A's place, so what a bundle may take is what B left: fill that but for 300 kB.
        accepted = faulty.doit(project, "run", "accept")
        assert accepted.code == 0, accepted.text
        free = shutil.disk_usage(project / "release").free
        (project / "release" / "ballast").write_bytes(b"\1" * (free - 300 * 1024))
        done = faulty.doit(project, "release")
        assert done.code == 2, done.text
        assert "Traceback" not in done.text
        assert "the disk is full\n  found: ENOSPC: No space left on device\n  where: " in done.text
        assert faulty.exact_root(project) != old
        assert faulty.broken_bundles(project) == []
        assert faulty.leftovers(project) == []
        (project / "release" / "ballast").unlink()
        _mended(project, old)


@root_only
@pytest.mark.root
def test_a_read_only_target(project: Path) -> None:
    old = faulty.exact_root(project)
    target = project / "release"
    with _mounted("--bind", target, target):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(target)], check=True)
        done = faulty.doit(project, "release")
        _refused(
            project,
            done,
            "the file system is read-only\n  found: EROFS: Read-only file system\n  where: ",
            "  hint:  mount it writable or use another folder",
            old=old,
        )
    _mended(project, old)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="root may write to folders without write permission",
)
def test_a_target_without_write_permission(project: Path) -> None:
    old = faulty.exact_root(project)
    (project / "release").chmod(0o555)
    try:
        done = faulty.doit(project, "release")
    finally:
        (project / "release").chmod(0o755)
    _refused(project, done, "permission denied\n  found: EACCES: Permission denied\n  where: ", old=old)
    _mended(project, old)


@needs_strace
@pytest.mark.parametrize(
    "when",
    [
        pytest.param(".staging-1.0.0/model.safetensors", id="artifact"),
        pytest.param(".staging-1.0.0", id="folder", marks=pytest.mark.slow),
        pytest.param(".staging-1.0.0/MANIFEST.json", id="manifest", marks=pytest.mark.slow),
    ],
)
def test_a_disk_that_fails_to_flush(project: Path, when: str) -> None:
    """A failed fsync is never tried again and trusted: the staging folder goes."""
    old = faulty.exact_root(project)
    number = _fsyncs_before(project, when)
    line = (STRACE or "", "-qq", "-f", "-e", "trace=fsync", "-e", f"inject=fsync:error=EIO:when={number}")
    done = faulty.doit(project, "release", before=(*line, "-o", os.devnull))
    _refused(
        project,
        done,
        "the disk failed to read or write\n  found: EIO: Input/output error\n  where: ",
        "  hint:  look at the system log; the disk may be dying: use another one",
        old=old,
    )
    assert [path for path in (project / "release").iterdir() if path.name.startswith(".")] == []
    _mended(project, old)


def _fsyncs_before(project: Path, where: str) -> int:
    """How many fsync the thread has made that first flushes `release/<where>`, that one counted."""
    other = faulty.copy_project(project, project.parent / "counted")
    log = project.parent / "strace.txt"
    line = (STRACE or "", "-qq", "-f", "-y", "-e", "trace=fsync", "-e", "signal=none", "-o", str(log))
    done = faulty.doit(other, "release", before=line)
    assert done.code == 0, done.text
    counts: dict[str, int] = {}
    for text in log.read_text("utf-8", "replace").splitlines():
        process, _, rest = text.partition(" ")
        if "fsync(" in rest:
            counts[process] = counts.get(process, 0) + 1
            if f"/release/{where}>" in rest:
                return counts[process]
    raise AssertionError(f"no fsync of {where}")


@needs_strace
@pytest.mark.parametrize(
    "who", [pytest.param("copy", id="artifact"), pytest.param("record", id="record", marks=pytest.mark.slow)]
)
def test_a_disk_that_lies_about_what_it_wrote_is_never_believed(project: Path, who: str) -> None:
    """`write` says that all was written and writes nothing: what is read back decides, not what was said."""
    old = faulty.exact_root(project)
    target = (
        project / "release" / ".staging-1.0.0" / ("model.safetensors" if who == "copy" else "metadata.json")
    )
    log = project.parent / "strace.txt"
    line = (
        STRACE or "",
        "-qq",
        "-f",
        "-y",
        "-P",
        str(target),
        "-e",
        "trace=write",
        "-e",
        "inject=write:retval=64",
    )
    done = faulty.doit(project, "release", before=(*line, "-o", str(log)))
    assert f"/.staging-1.0.0/{target.name}>" in log.read_text("utf-8", "replace")
    assert done.code in {1, 2}, done.text
    assert "Traceback" not in done.text
    assert faulty.exact_root(project) == old
    assert faulty.broken_bundles(project) == []
    _mended(project, old)


@needs_strace
def test_a_disk_that_lies_about_a_bundle_is_never_believed(project: Path, tmp_path: Path) -> None:
    """A bundle is read back before it gets its name: a checksum over torn bytes would vouch for them."""
    assert faulty.doit(project, "run", "accept").code == 0
    line = (STRACE or "", "-qq", "-f", "-y", "-e", "signal=none", "-e", "trace=write")
    counted, log = faulty.copy_project(project, tmp_path / "counted"), tmp_path / "strace.txt"
    assert faulty.doit(counted, "release", before=(*line, "-o", str(log))).code == 0
    writes = [text for text in log.read_text("utf-8", "replace").splitlines() if "write(" in text]
    process = next(text.split()[0] for text in writes if ".tiny-1.0.0.tar." in text)
    own = [text for text in writes if text.split()[0] == process]
    number = 1 + next(
        index for index, text in enumerate(own) if ".tiny-1.0.0.tar." in text and text.endswith(" = 4096")
    )
    inject = f"inject=write:retval=4096:when={number}"
    done = faulty.doit(project, "release", before=(*line, "-e", inject, "-o", str(log)))
    assert re.search(r"\.tiny-1\.0\.0\.tar\..*INJECTED", log.read_text("utf-8", "replace"))
    assert done.code == 1, done.text
    assert "FAILED  bundle:tar\n\nthe bundle is not the release that was accepted\n" in done.text
    assert "Traceback" not in done.text
    assert faulty.broken_bundles(project) == []
    assert faulty.leftovers(project) == []
    again = faulty.doit(project, "release")
    assert again.code == 0, again.text
    assert faulty.broken_bundles(project) == []


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit")
def test_a_limit_of_file_size(project: Path) -> None:
    old = faulty.exact_root(project)
    done = faulty.doit(project, "release", before=("prlimit", "--fsize=400000"))
    sentence = (
        "the file is larger than the file system or `ulimit -f` allows\n  found: EFBIG: File too large\n"
    )
    _refused(project, done, sentence, old=old)
    _mended(project, old)


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit")
def test_a_limit_of_open_files(ready: Path, tmp_path: Path) -> None:
    """How many are needed depends on how many copies are under way: each limit gives a release or a refusal."""
    old = faulty.exact_root(ready)
    texts = []
    for limit in (10, 12, 14, 16):
        root = faulty.copy_project(ready, tmp_path / str(limit))
        done = faulty.doit(root, "release", before=("prlimit", f"--nofile={limit}"))
        assert "Traceback" not in done.text, limit
        if done.code != 0:
            _refused(root, done, old=old)
            texts.append(done.text)
        _mended(root, old)
    sentence = (
        "FAILED  package\n\nthis process has too many open files\n  found: EMFILE: Too many open files\n"
    )
    assert any(sentence in text for text in texts)


@root_only
@pytest.mark.root
def test_a_full_disk_below_the_state_is_said_too(project: Path, tmp_path: Path) -> None:
    old = faulty.exact_root(project)
    kept = tmp_path / "kept"
    shutil.move(project / ".release", kept)
    (project / ".release").mkdir()
    with _mounted("-t", "tmpfs", "-o", "size=64m", "tmpfs", project / ".release"):
        shutil.copytree(kept, project / ".release", dirs_exist_ok=True)
        used = shutil.disk_usage(project / ".release").used
        subprocess.run(["mount", "-o", f"remount,size={used + 4096}", str(project / ".release")], check=True)
        done = faulty.doit(project, "release")
        assert done.code == 2, done.text
        assert "Traceback" not in done.text
        assert re.search(
            r"(the state database cannot be used|the disk is full)\n  found: .*\n  where: .*\.release",
            done.text,
        )
        assert faulty.exact_root(project) == old
        subprocess.run(["mount", "-o", "remount,size=64m", str(project / ".release")], check=True)
        _mended(project, old)
