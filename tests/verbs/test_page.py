from pathlib import Path

import pytest

from release_tasks.errors import ConfigError, IntegrityError
from release_tasks.verbs.page import make_page
from tests.fakes.page_release import rendered, write_page_release
from tests.fakes.release_tree import archive, release_files


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_page_release(tmp_path / "release")[0]


def test_the_page_is_written_beside_the_release(release: Path, tmp_path: Path) -> None:
    final = make_page(Path("release/1.0.0"), output=None, cwd=tmp_path)
    assert final == tmp_path / "release" / "1.0.0.html"
    assert final.read_bytes() == rendered()
    assert sorted(path.name for path in final.parent.iterdir()) == ["1.0.0", "1.0.0.html"]


def test_it_is_named_by_the_version_and_not_by_a_link(release: Path, tmp_path: Path) -> None:
    (release.parent / "current").symlink_to("1.0.0")
    assert make_page(Path("release/current"), output=None, cwd=tmp_path).name == "1.0.0.html"


def test_output_goes_where_it_is_asked_for_but_never_into_the_release(release: Path, tmp_path: Path) -> None:
    final = make_page(release, output=Path("here.html"), cwd=tmp_path)
    assert final == tmp_path / "here.html"
    with pytest.raises(ConfigError) as caught:
        make_page(release, output=Path("release/1.0.0/docs/page.html"), cwd=tmp_path)
    assert str(caught.value) == (
        "the page does not belong into the release\n"
        "  wanted: a place outside of its directory\n"
        f"  found:  {release}/docs/page.html\n"
        "  hint:   a file that no manifest names would make the release fail its verification"
    )


def test_a_release_that_does_not_verify_gets_no_page(release: Path, tmp_path: Path) -> None:
    (release / "config.json").write_bytes(b'{"layers": 3}\n')
    with pytest.raises(IntegrityError) as caught:
        make_page(Path("release/1.0.0"), output=None, cwd=tmp_path)
    assert caught.value.what == "the release does not verify: DIGEST_MISMATCH"
    assert caught.value.where == f"{release}: config.json"
    assert caught.value.hint == "release-tasks verify release/1.0.0 names every problem"
    assert not release.with_name("1.0.0.html").exists()


def test_an_archive_is_unpacked_first(tmp_path: Path) -> None:
    (tmp_path / "tiny.zip").write_bytes(archive(release_files(), "zip"))
    with pytest.raises(ConfigError) as caught:
        make_page(Path("tiny.zip"), output=None, cwd=tmp_path)
    assert str(caught.value) == (
        "a page is drawn of a release directory\n"
        "  wanted: a directory\n"
        "  found:  a file\n"
        f"  where:  {tmp_path}/tiny.zip\n"
        "  hint:   unpack the archive, then give its directory"
    )


def test_a_place_where_nothing_is_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such release"):
        make_page(Path("release/9.9.9"), output=None, cwd=tmp_path)
