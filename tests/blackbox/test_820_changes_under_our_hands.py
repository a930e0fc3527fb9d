"""Files that change while they are used: nothing is recorded or released that is not what was judged."""

from __future__ import annotations

import mmap
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.blackbox import faulty

WAIT_S = 60.0
SLOW_MAKE = f"""\
import time
print("started", flush=True)
{faulty.MAKE}
print("read", flush=True)
time.sleep(1.5)
"""
NO_STEP = faulty.CONFIG.partition("[[step]]")[0].replace("build/model.safetensors", "model.safetensors")
BIG = 24 << 20  # bytes; long enough under way that an editor meets it in the middle


def _weights(path: Path, size: int, fill: int = 0) -> None:
    header = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size)
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes([fill]) * size)


def _without_step(base: Path, *, size: int) -> Path:
    root = faulty.write_project(base, config=NO_STEP)
    _weights(root / "model.safetensors", size)
    return root


def test_an_input_edited_while_a_step_runs(tmp_path: Path) -> None:
    """The edit keeps size and mtime; the step's outputs are thrown away."""
    root = faulty.write_project(tmp_path / "project", make=SLOW_MAKE)
    faulty.release(root)
    old = faulty.exact_root(root)
    weights = (root / "build/model.safetensors").read_bytes()
    (root / "source.txt").write_text("B", "utf-8")
    log = root / ".release/logs/step-make.log"
    seen = log.stat().st_size
    with subprocess.Popen(
        [faulty.DOIT, "freeze", "--update"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        faulty.until(lambda: b"read\n" in log.read_bytes()[seen:])
        faulty.edit_unseen(root / "source.txt", b"C")
        text, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert (
        "an input of step:make changed while it ran\n"
        "  wanted: inputs that stay as they are\n"
        "  found:  make.py, source.txt\n"
        "  hint:   its outputs are thrown away; run again when nobody edits these files\n"
    ) in text
    assert (root / "build/model.safetensors").read_bytes() == weights
    assert faulty.exact_root(root) == old
    assert faulty.leftovers(root) == []
    faulty.release(root)
    expected = faulty.write_project(tmp_path / "expected", source="C")
    faulty.release(expected)
    made = (root / "build/model.safetensors").read_bytes()
    assert made == (expected / "build/model.safetensors").read_bytes()


def test_an_edit_with_its_mtime_restored_is_seen(tmp_path: Path) -> None:
    root = faulty.write_project(tmp_path / "project")
    faulty.release(root)
    old = faulty.exact_root(root)
    faulty.edit_unseen(root / "source.txt", b"B")
    done = faulty.doit(root, "release")
    assert done.code == 1
    assert "the inputs are not those of release.lock (LOCK_INPUTS_CHANGED)" in done.text
    assert "source.txt: frozen " in done.text
    faulty.release(root)
    assert faulty.exact_root(root) != old


@pytest.fixture
def editor() -> Iterator[Callable[[Path], Callable[[], None]]]:
    """Start an editor that flips a byte every few milliseconds, keeping size and mtime, until it is stopped."""
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def edit(path: Path) -> None:
        with path.open("r+b") as stream:
            for turn in range(1_000_000):
                if stopped.is_set():
                    return
                before = path.stat()
                stream.seek(BIG // 2)
                stream.write(bytes([turn % 251]))
                stream.flush()
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
                time.sleep(0.004)

    def start(path: Path) -> Callable[[], None]:
        thread = threading.Thread(target=edit, args=(path,), daemon=True)
        threads.append(thread)
        thread.start()
        return stop

    def stop() -> None:
        stopped.set()
        for thread in threads:
            thread.join(WAIT_S)

    yield start
    stop()


def test_an_artifact_edited_all_the_while(
    tmp_path: Path, editor: Callable[[Path], Callable[[], None]]
) -> None:
    """An editor that never rests meets every stage: nothing of what it wrote gets out under the old verdict."""
    root = _without_step(tmp_path / "project", size=BIG)
    faulty.release(root)
    old = faulty.root_of(root)
    stop = editor(root / "model.safetensors")
    done = faulty.doit(root, "release")
    assert done.code in {1, 2}
    assert "Traceback" not in done.text
    assert (
        "changed while it" in done.text or "LOCK_INPUTS_CHANGED" in done.text or "EVIDENCE_STALE" in done.text
    )
    stop()
    assert faulty.root_of(root) == old
    faulty.release(root)
    packaged = root / faulty.FOLDER / "model.safetensors"
    assert packaged.read_bytes() == (root / "model.safetensors").read_bytes()
    assert faulty.leftovers(root) == []


@pytest.mark.parametrize("place", ["tmp", "shm"])
def test_a_dirty_mapped_page_between_judgement_and_packaging(
    tmp_path: Path, place: str, request: pytest.FixtureRequest
) -> None:
    """A page written through mmap and never flushed; tmpfs does not even move the mtime then."""
    base = tmp_path
    if place == "shm":
        if not os.access("/dev/shm", os.W_OK):
            pytest.skip("there is no /dev/shm")
        base = Path("/dev/shm") / f"release-tasks-{os.getpid()}-{tmp_path.name}"
        base.mkdir()
        request.addfinalizer(lambda: faulty.remove(base))
    root = _without_step(base / "project", size=100_000)
    faulty.release(root)
    old = faulty.root_of(root)
    model = root / "model.safetensors"
    with model.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as view:
        view[-1] = 1  # dirty before anything is hashed
        assert faulty.doit(root, "freeze", "--update").code == 0
        judged = faulty.doit(root, "run", "gate")
        assert judged.code == 0, judged.text
        view[-1] = 2  # after it: dirty again, or still
        done = faulty.doit(root, "release")
        assert done.code == 1, done.text
        assert (
            "LOCK_INPUTS_CHANGED" in done.text
            or "model.safetensors is not the file that was judged" in done.text
        )
        assert faulty.root_of(root) == old
        view.flush()
    os.utime(model)  # the program that wrote is done
    faulty.release(root)
    assert (root / faulty.FOLDER / "model.safetensors").read_bytes()[-1] == 2


def test_a_tampered_output_is_made_again(tmp_path: Path) -> None:
    root = faulty.write_project(tmp_path / "project")
    faulty.release(root)
    old = faulty.exact_root(root)
    output = root / "build/model.safetensors"
    good = output.read_bytes()
    faulty.edit_unseen(output, good[:-1] + bytes([good[-1] ^ 1]))
    done = faulty.doit(root, "release")
    assert done.code == 0, done.text
    assert output.read_bytes() == good
    assert faulty.exact_root(root) == old


@pytest.mark.parametrize(
    "name", ["model.safetensors", "evidence/verdict.json", "MANIFEST.json", "checksum.txt"]
)
def test_a_tampered_release_is_packaged_again(tmp_path: Path, released: Path, name: str) -> None:
    root = faulty.copy_project(released, tmp_path / "project")
    old = faulty.exact_root(root)
    file = root / faulty.FOLDER / name
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    faulty.edit_unseen(file, bytes(data))
    done = faulty.doit(root, "release")
    assert done.code == 0, done.text
    assert faulty.exact_root(root) == old
    assert faulty.broken_bundles(root) == []


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = faulty.write_project(tmp_path_factory.mktemp("released") / "project")
    faulty.release(root)
    return root


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("state.sqlite", lambda data: data[: len(data) // 2]),
        ("state.sqlite", lambda data: data[:0]),
        ("state.sqlite", lambda data: b"not a database, but as long as one" * (len(data) // 34)),
        ("state.sqlite", lambda data: data[:100] + bytes(len(data) - 100)),
        ("index.sqlite", lambda data: data[: len(data) // 2 + 7]),
        ("index.sqlite", lambda data: data[:4096] + b"\xff" * (len(data) - 4096)),
        ("index.sqlite", lambda data: data[::-1]),
    ],
    ids=["half", "empty", "text", "zeros", "odd-half", "pages", "reversed"],
)
def test_a_damaged_state_database(
    tmp_path: Path, released: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    """It costs work and never truth: the next run ends well and the one after it does nothing."""
    root = faulty.copy_project(released, tmp_path / "project")
    old = faulty.exact_root(root)
    path = root / ".release" / name
    path.write_bytes(damage(path.read_bytes()))
    done = faulty.doit(root, "release")
    assert done.code == 0, done.text
    assert "Traceback" not in done.text
    assert faulty.exact_root(root) == old
    again = faulty.doit(root, "release")
    assert "steps      none run, 15 up to date" in again.text


@pytest.mark.parametrize("target", ["source.txt", "build/model.safetensors"])
def test_a_forged_digest_never_releases_other_bytes(tmp_path: Path, released: Path, target: str) -> None:
    """A forger who knows the format makes the index swear that an edited file is the old one."""
    root = faulty.copy_project(released, tmp_path / "project")
    old = faulty.exact_root(root)
    assert faulty.doit(root, "release").code == 0
    path = root / target
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    faulty.forge_digest(root, target, data)
    (root / faulty.FOLDER / "config.json").chmod(0o644)
    (root / faulty.FOLDER / "config.json").write_text("{}")  # so that something must be packaged
    done = faulty.doit(root, "release")
    assert "Traceback" not in done.text
    if done.code == 0:
        assert faulty.exact_root(root) == old
        assert (root / faulty.FOLDER / "model.safetensors").read_bytes() == (
            released / "build/model.safetensors"
        ).read_bytes()
    else:
        assert done.code == 1
        assert "EVIDENCE_STALE" in done.text or "LOCK_OUTPUTS_CHANGED" in done.text
