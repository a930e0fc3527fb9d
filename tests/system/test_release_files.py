from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.errors import IntegrityError
from release_tasks.system.release_files import read_release_files
from tests.fakes.release_tree import CONFIG, archive, release_files, write_release


@pytest.mark.parametrize("kind", ["directory", "tar", "zip"])
def test_files_of_every_form_are_read_by_path(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "release"
    if kind == "directory":
        write_release(place)
    else:
        place.write_bytes(archive(release_files(), kind))
    found = read_release_files(place, unpacked=tmp_path / "unpacked")
    assert found.checked.ok
    found.ready(frozenset({"config.json", "evidence/policy.json", "none"}))
    assert (found.read("config.json"), found.read("none")) == (CONFIG, None)
    there = sorted(path.name for path in (tmp_path / "unpacked").rglob("*") if path.is_file())
    assert there == ([] if kind == "directory" else ["config.json", "policy.json"])


def test_bytes_that_changed_since_they_were_hashed_are_refused(tmp_path: Path) -> None:
    place = write_release(tmp_path / "release")
    found = read_release_files(place, unpacked=tmp_path / "unpacked")
    (place / "config.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match="the file changed while the releases were compared"):
        found.read("config.json")
