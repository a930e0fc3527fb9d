"""What a killed run left goes, what a user or a finished run made stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.stages.leftovers import remove_leftovers

GONE = (
    ".release.lock.0123456789abcdef.tmp",
    ".release/progress/step.make",
    ".release/records/.verdict.json.0123456789abcdef.tmp",
    ".release/staging/step-make-17/work/build/half",
    "release/.1.0.0.displaced/config.json",
    "release/.staging-0.9.0/config.json",
    "release/.tiny-1.0.0.tar.17.tmp",
    "release/1.0.0.attestations/.acceptance.json.0123456789abcdef.tmp",
)
STAYS = (
    ".mine.tmp",
    ".release/index.sqlite",
    ".release/logs/step-make.log",
    ".release/records/verdict.json",
    "build/.cache.tmp",
    "release.lock",
    "release/.2.0.0.displaced/config.json",  # the only copy: nothing took its place
    "release/.rejected/1.0.0/config.json",
    "release/1.0.0.attestations/acceptance.json",
    "release/1.0.0/.staging-notes",
    "release/1.0.0/config.json",
    "release/tiny-1.0.0.tar",
    "release/tiny-1.0.0.tar.sha256",
)


def _files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_only_leftovers_go(tmp_path: Path) -> None:
    for name in (*GONE, *STAYS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "release/.staging-0.9.0").chmod(0o500)
    (tmp_path / ".release/staging/step-make-17/work").chmod(0o500)

    removed = remove_leftovers(tmp_path)

    assert _files(tmp_path) == sorted(STAYS)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in removed) == [
        ".release.lock.0123456789abcdef.tmp",
        ".release/progress/step.make",
        ".release/records/.verdict.json.0123456789abcdef.tmp",
        ".release/staging/step-make-17",
        "release/.1.0.0.displaced",
        "release/.staging-0.9.0",
        "release/.tiny-1.0.0.tar.17.tmp",
        "release/1.0.0.attestations/.acceptance.json.0123456789abcdef.tmp",
    ]
    assert remove_leftovers(tmp_path) == ()


def test_a_link_is_removed_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    staging = tmp_path / "project/.release/staging"
    staging.mkdir(parents=True)
    try:
        (staging / "step-make-17").symlink_to(outside, target_is_directory=True)
    except OSError as error:
        pytest.skip(f"no links here: {error}")
    remove_leftovers(tmp_path / "project")
    assert list(staging.iterdir()) == []
    assert (outside / "precious").read_text() == "kept"


def test_a_project_without_anything(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path) == ()
