import io
from functools import partial

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.archive_member import Member
from release_tasks.formats.offline_bundle import HOW, how_to_verify, released_members
from release_tasks.formats.tar_archive import read_tar_members, write_tar


def released(*paths: str, stem: str = "tiny-1.0.0") -> list[str]:
    members = [Member(path=path, size=1, open=partial(io.BytesIO, b"x")) for path in paths]
    out = io.BytesIO()
    write_tar(out, stem, members)
    out.seek(0)
    return [member.path for member in released_members(read_tar_members(out))]


def test_release_alone_is_left_as_it_is() -> None:
    assert released("MANIFEST.json", "config.yaml") == ["MANIFEST.json", "config.yaml"]
    assert released("0.9.0.attestations/x", "MANIFEST.json") == ["0.9.0.attestations/x", "MANIFEST.json"]


def test_of_an_offline_bundle_only_the_release_is_handed_out() -> None:
    paths = (
        "1.0.0.attestations/a.json",
        "1.0.0/MANIFEST.json",
        "1.0.0/docs/a.md",
        HOW,
        "tiny-1.0.0.tar.sha256",
    )
    assert released(*paths) == ["MANIFEST.json", "docs/a.md"]


@pytest.mark.parametrize("extra", ["evil.exe", "tiny-1.0.0.tar", "1.0.0.html", "1.0.1/MANIFEST.json"])
def test_what_does_not_belong_is_refused(extra: str) -> None:
    with pytest.raises(FormatError) as caught:
        released("1.0.0.attestations/a.json", "1.0.0/MANIFEST.json", extra)
    assert str(caught.value) == (
        "an offline bundle carries a file that does not belong to it\n"
        "  wanted: the release, its attestations, checksums of bundles and VERIFY.txt\n"
        f"  found:  {extra}\n  where:  member {extra}"
    )


def test_how_to_verify_names_all_that_is_needed() -> None:
    text = how_to_verify(
        stem="tiny-1.0.0", version="1.0.0", tag="v1.0.0", root="sha256:" + "a" * 64, file="x.tar"
    ).decode()
    assert "    release-tasks verify x.tar --root sha256:" + "a" * 64 in text
    assert "{" not in text
