"""Nothing that is committed names a machine, a registry or a folder that only the founders had."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
# In two parts: not even this file names a host.
_INDEXES = (b"py" + rb"pi\.org", rb"files\.python" + b"hosted")
_PLACES = re.compile(
    rb"(?<![\w.-])/(?:work|root|home)/[\w.-]+|\.\./shared/|C:\\\\Users\\\\|" + b"|".join(_INDEXES),
    re.ASCII,
)
# Files that may name such places, each with its reason.
ALLOWED: Mapping[str, str] = {
    "tests/architecture/test_tracked_files.py": "names what is looked for",
}
# Places that are the same on every machine, each with its reason.
SAME_EVERYWHERE: Mapping[bytes, str] = {b"/home/build": "HOME inside the sandbox"}


def machine_places(root: Path, names: Iterator[str]) -> Iterator[str]:
    for name in names:
        path = root / name
        if name in ALLOWED or path.is_symlink() or not path.is_file():
            continue
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            for match in _PLACES.finditer(line):
                if match[0] not in SAME_EVERYWHERE:
                    yield f"{name}:{number}: {match[0].decode()}"


def _tracked(root: Path) -> list[str]:
    """Tracked files and those that could be: everything that git does not ignore."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


_in_a_checkout = pytest.mark.skipif(
    shutil.which("git") is None or not (PROJECT / ".git").exists(),
    reason="not a checkout: no list of tracked files",
)


@_in_a_checkout
def test_no_tracked_file_names_a_machine() -> None:
    assert list(machine_places(PROJECT, iter(_tracked(PROJECT)))) == []


@_in_a_checkout
def test_nothing_generated_is_tracked() -> None:
    generated = re.compile(
        r"(^|/)(__pycache__|\.release|\.venv|\.hypothesis|node_modules)/|\.py[co]$|^(build|dist|release)/"
    )
    assert [name for name in _tracked(PROJECT) if generated.search(name)] == []


def test_named_places_are_found(tmp_path: Path) -> None:
    lines = [
        "fine: https://example.invalid/home/x",
        "a /home/ann/x of /home/build",
        "see /work/main",
        "https://py" + "pi.org/simple",
        "b/root/c",
    ]
    (tmp_path / "a.md").write_text("\n".join(lines))
    assert list(machine_places(tmp_path, iter(["a.md", "gone.md"]))) == [
        "a.md:2: /home/ann",
        "a.md:3: /work/main",
        "a.md:4: py" + "pi.org",
    ]


def test_exceptions_are_still_needed() -> None:
    assert [name for name in ALLOWED if not _PLACES.search((PROJECT / name).read_bytes())] == []
