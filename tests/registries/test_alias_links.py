import os
from pathlib import Path

import pytest

from release_tasks.errors import IntegrityError
from release_tasks.registries.alias_links import read_link, write_link


def test_link_is_relative_and_replaced(tmp_path: Path) -> None:
    assert read_link(tmp_path, "current") is None
    for version in ("1.0.0", "2.0.0", "1.0.0"):
        (tmp_path / version).mkdir(exist_ok=True)
        write_link(tmp_path, "current", version)
        assert read_link(tmp_path, "current") == version
        assert (tmp_path / "current").readlink() == Path(version)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.0.0", "2.0.0", "current"]


def test_text_file_where_no_links_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    for version in ("1.0.0", "2.0.0"):
        write_link(tmp_path, "current", version)
        assert (tmp_path / "current").read_text() == f"{version}\n"
        assert read_link(tmp_path, "current") == version


def test_interrupted_link_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".current.link").symlink_to("0.1.0")
    write_link(tmp_path, "current", "1.0.0")
    assert read_link(tmp_path, "current") == "1.0.0"
    assert not os.path.lexists(tmp_path / ".current.link")


@pytest.mark.parametrize("target", ["../1.0.0", "/srv/1.0.0", ".."])
def test_link_out_of_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "current").symlink_to(target)
    with pytest.raises(IntegrityError) as caught:
        read_link(tmp_path, "current")
    assert str(caught.value) == (
        "the alias current is not one that release_tasks makes\n"
        "  wanted: a relative link to a version beside it\n"
        f"  found:  '{target}'\n  where:  {tmp_path / 'current'}\n  hint:   look at it and move it away"
    )


def test_folder_in_the_place_of_an_alias_is_refused(tmp_path: Path) -> None:
    (tmp_path / "current").mkdir()
    with pytest.raises(IntegrityError, match="the alias current is not one"):
        read_link(tmp_path, "current")
