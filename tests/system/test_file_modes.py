from __future__ import annotations

import sys
from pathlib import Path

import pytest

from release_tasks.system.file_modes import unsafe_modes

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")


@POSIX
@pytest.mark.parametrize(
    ("mode", "found"),
    [
        (0o644, None),
        (0o664, None),
        (0o755, None),
        (0o400, None),
        (0o646, "world-writable (0646)"),
        (0o4755, "setuid (4755)"),
        (0o2755, "setgid (2755)"),
        (0o6777, "world-writable, setuid, setgid (6777)"),
    ],
)
def test_modes(tmp_path: Path, mode: int, found: str | None) -> None:
    """R25: world-writable and setuid modes are refused."""
    path = tmp_path / "a"
    path.write_text("x")
    path.chmod(mode)
    assert unsafe_modes({"a": path}) == (() if found is None else (("a", found),))


@POSIX
def test_links_are_followed_and_missing_files_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "a").chmod(0o666)
    (tmp_path / "link").symlink_to("a")
    files = {"link": tmp_path / "link", "gone": tmp_path / "gone"}
    assert unsafe_modes(files) == (("link", "world-writable (0666)"),)


def test_windows_has_no_such_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert unsafe_modes({"a": tmp_path}) is None
