from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release_tasks.errors import IntegrityError, StorageError
from release_tasks.system import rename
from release_tasks.system.rename import publish_directory, recover


def strace_works() -> bool:
    """Containers may have strace and forbid ptrace."""
    return (
        bool(shutil.which("strace"))
        and not subprocess.run(
            ["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True
        ).returncode
    )


needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not installed or may not trace")

FILES = ("MANIFEST.json", "checksum.txt", "model.safetensors")


def make(path: Path, text: str) -> Path:
    path.mkdir()
    for name in FILES:
        (path / name).write_text(text)
    return path


def content(path: Path) -> str:
    """The one text that all files of a directory hold: a mixture of old and new fails here."""
    texts = {name: (path / name).read_text() for name in sorted(entry.name for entry in path.iterdir())}
    assert tuple(texts) == FILES
    assert len(set(texts.values())) == 1
    return texts["MANIFEST.json"]


@pytest.fixture(params=["native", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "two renames":
        monkeypatch.setattr(rename, "_renameat2", None)
    elif rename._renameat2 is None:
        pytest.skip("this system has no renameat2")
    return str(request.param)


def test_a_first_directory_is_moved_in(tmp_path: Path, way: str) -> None:
    staging = make(tmp_path / ".staging-1.0.0", "new")
    assert publish_directory(staging, tmp_path / "1.0.0") is None
    assert content(tmp_path / "1.0.0") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["1.0.0"]


def test_a_directory_takes_the_place_of_the_old_one(tmp_path: Path, way: str) -> None:
    final = make(tmp_path / "1.0.0", "old")
    staging = make(tmp_path / ".staging-1.0.0", "new")
    displaced = publish_directory(staging, final)
    assert displaced == (staging if way == "native" else tmp_path / ".1.0.0.displaced")
    assert (content(final), content(displaced)) == ("new", "old")
    assert sorted(tmp_path.iterdir()) == sorted([final, displaced])
    assert recover(tmp_path) == ()


def test_an_older_displaced_directory_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rename, "_renameat2", None)
    make(tmp_path / ".1.0.0.displaced", "older")
    final, staging = make(tmp_path / "1.0.0", "old"), make(tmp_path / ".staging", "new")
    with pytest.raises(StorageError) as caught:
        publish_directory(staging, final)
    assert str(caught.value) == (
        "a directory displaced by an earlier run is in the way\n"
        f"  found: {tmp_path / '.1.0.0.displaced'}\n"
        f"  where: {final}\n"
        "  hint:  look at it, remove it, then run again"
    )
    assert (content(final), content(staging)) == ("old", "new")


@pytest.mark.parametrize("culprit", ["staging", "final"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_only_real_directories_are_exchanged(tmp_path: Path, culprit: str, kind: str) -> None:
    make(tmp_path / "elsewhere", "kept")
    for name in ("staging", "final"):
        if name != culprit:
            make(tmp_path / name, name)
        elif kind == "file":
            (tmp_path / name).write_text("x")
        else:
            (tmp_path / name).symlink_to("elsewhere")
    with pytest.raises(IntegrityError) as caught:
        publish_directory(tmp_path / "staging", tmp_path / "final")
    assert str(caught.value) == (
        "not a directory\n"
        "  wanted: a real directory\n"
        f"  found:  {'a file' if kind == 'file' else 'a symbolic link'}\n"
        f"  where:  {tmp_path / culprit}\n"
        "  hint:   move it away, then run again"
    )


def test_a_missing_staging_directory_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the file does not exist"):
        publish_directory(tmp_path / "staging", tmp_path / "final")


def test_two_folders_are_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="must be in one folder"):
        publish_directory(tmp_path / "a" / "staging", tmp_path / "b" / "final")


def publish_under(
    tmp_path: Path, *faults: str, with_old: bool = True
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Publish in a child under strace with injected faults; only its own system calls on our paths count."""
    final, staging = tmp_path / "1.0.0", make(tmp_path / ".staging", "new")
    if with_old:
        make(final, "old")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from release_tasks.errors import ReleaseError\n"
        "from release_tasks.system.rename import publish_directory\n"
        "try:\n"
        f"    publish_directory(Path({str(staging)!r}), Path({str(final)!r}))\n"
        "except ReleaseError as error:\n"
        "    print(error.what)\n"
        "    sys.exit(7)\n"
    )
    command = ["strace", "-f", "-qq", "-o", os.devnull, *(word for f in faults for word in ("-e", f))]
    done = subprocess.run(
        [*command, sys.executable, "-B", "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done, final


@needs_strace
@pytest.mark.parametrize("call", ["renameat2", "fsync"])
@pytest.mark.parametrize("with_old", [True, False])
def test_a_kill_during_the_exchange_leaves_old_or_new(tmp_path: Path, call: str, *, with_old: bool) -> None:
    done, final = publish_under(tmp_path, f"inject={call}:signal=KILL:when=1", with_old=with_old)
    assert done.returncode != 0
    if with_old or final.exists():
        assert content(final) == ("old" if call == "renameat2" else "new")
    else:
        assert (call, content(tmp_path / ".staging")) == ("renameat2", "new")
    assert recover(tmp_path) == ()


@needs_strace
@pytest.mark.parametrize(
    ("call", "when", "after"),
    [
        ("fsync", 1, "old"),  # the marker's bytes
        ("rename", 1, "old"),  # the marker comes to its name
        ("fsync", 2, "old"),  # the marker's folder
        ("rename", 2, "old"),  # old away
        ("rename", 3, "new"),  # new in: final is missing until recover
        ("fsync", 3, "new"),  # the folder
        ("unlink", 1, "new"),  # the marker goes
        ("fsync", 4, "new"),  # the folder again
    ],
)
def test_a_kill_between_two_renames_is_repaired(tmp_path: Path, call: str, when: int, after: str) -> None:
    faults = ("trace=renameat2,rename,fsync,unlink", "inject=renameat2:error=ENOSYS")
    done, final = publish_under(tmp_path, *faults, f"inject={call}:signal=KILL:when={when}")
    assert done.returncode != 0
    missing = not final.exists()
    assert missing == ((call, when) == ("rename", 3))
    assert recover(tmp_path) == ((final,) if missing else ())
    assert content(final) == after
    assert not list(tmp_path.glob("*.publishing.json"))
    assert recover(tmp_path) == ()


@needs_strace
def test_without_renameat2_the_child_publishes_in_two_renames(tmp_path: Path) -> None:
    done, final = publish_under(tmp_path, "trace=renameat2", "inject=renameat2:error=ENOSYS")
    assert done.returncode == 0
    assert (content(final), content(tmp_path / ".1.0.0.displaced")) == ("new", "old")


@needs_strace
@pytest.mark.parametrize(
    ("faults", "what"),
    [
        (("inject=renameat2:error=EROFS",), "the file system is read-only"),
        (
            ("trace=renameat2,rename", "inject=renameat2:error=ENOSYS", "inject=rename:error=EIO:when=3"),
            "the disk failed to read or write",
        ),
        (
            ("trace=renameat2,rename", "inject=renameat2:error=ENOSYS", "inject=rename:error=EACCES:when=2"),
            "permission denied",
        ),
    ],
)
def test_a_refused_rename_keeps_the_old_directory(tmp_path: Path, faults: tuple[str, ...], what: str) -> None:
    done, final = publish_under(tmp_path, *faults)
    assert (done.returncode, done.stdout) == (7, f"{what}\n")
    assert (content(final), content(tmp_path / ".staging")) == ("old", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".staging", "1.0.0"]
    assert recover(tmp_path) == ()


def marker(folder: Path, **names: str) -> Path:
    path = folder / ".1.0.0.publishing.json"
    path.write_text(json.dumps(names))
    return path


def test_recover_goes_back_when_only_the_old_directory_is_left(tmp_path: Path) -> None:
    make(tmp_path / ".1.0.0.displaced", "old")
    marker(tmp_path, displaced=".1.0.0.displaced", final="1.0.0", staging=".staging")
    assert recover(tmp_path) == (tmp_path / "1.0.0",)
    assert content(tmp_path / "1.0.0") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["1.0.0"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"displaced": "../x", "final": "1.0.0", "staging": ".staging"}', "\xff\x00"],
)
def test_recover_trusts_no_damaged_marker(tmp_path: Path, text: str) -> None:
    path = marker(tmp_path)
    path.write_text(text, encoding="latin-1")
    with pytest.raises(IntegrityError) as caught:
        recover(tmp_path)
    assert str(caught.value) == (
        "the note of an interrupted publication cannot be read\n"
        "  wanted: a JSON object with displaced, final and staging\n"
        f"  where:  {path}\n"
        "  hint:   see which directory is complete, give it the final name, then remove this file"
    )


def test_recover_in_an_empty_or_missing_folder_does_nothing(tmp_path: Path) -> None:
    assert recover(tmp_path) == ()
    assert recover(tmp_path / "none") == ()
