from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from release_tasks.errors import FormatError
from release_tasks.policy.distribution_check import (
    KEPT,
    Identity,
    examine,
    fallback_reason,
    file_identity,
    normal_version,
)
from release_tasks.system.distribution_file import read_sdist, read_wheel
from tests.fakes.python_distribution import members, metadata, write_sdist, write_wheel

WHEEL = "nice_tool-1.2.0-py3-none-any.whl"
SDIST = "nice_tool-1.2.0.tar.gz"


def wheel(folder: Path, files: Mapping[str, bytes] | None = None, **values: Any) -> Any:
    path = write_wheel(folder, files, **values)
    return examine(path.name, "wheel", read_wheel(path, keep=KEPT["wheel"], where=path.name))


def sdist(folder: Path, files: Mapping[str, bytes | str] | None = None) -> Any:
    path = write_sdist(folder, files)
    return examine(path.name, "sdist", read_sdist(path, keep=KEPT["sdist"], where=path.name))


def test_a_sound_pair(tmp_path: Path) -> None:
    same = {
        "name": "nice-tool",
        "version": "1.2.0",
        "inside_name": "nice-tool",
        "inside_version": "1.2.0",
        "fallback": None,
        "unsafe": [],
        "record": [],
    }
    assert wheel(tmp_path) == {"kind": "wheel", "members": 4, **same}
    assert sdist(tmp_path) == {"kind": "sdist", "members": 1, **same}


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("0.0.0", "0.0.0 stands where no version was found"),
        ("0.0.0.dev0", "0.0.0 stands where no version was found"),
        ("0", "0.0.0 stands where no version was found"),
        ("0+unknown", "0.0.0 stands where no version was found"),
        ("1.2.0.dev3", "a development version, made where the commit has no tag"),
        ("1.2.0+dirty", "made from an unmarked commit or a changed tree, +dirty"),
        ("1.2.0+3.g1a2b3c4", "made from an unmarked commit or a changed tree, +3.g1a2b3c4"),
        ("1.2.0+g1a2b3c4.d20261121", "made from an unmarked commit or a changed tree, +g1a2b3c4.d20261121"),
        ("1.2.0+d20261121", "made from an unmarked commit or a changed tree, +d20261121"),
        ("1.2.0+unknown", "made from an unmarked commit or a changed tree, +unknown"),
        ("1.2.0", None),
        ("0.0.1", None),
        ("1.2.0rc1", None),
        ("1.2.0+gpu", None),
        ("1.2.0+cu121", None),
    ],
)
def test_c4_which_versions_are_fallbacks(version: str, reason: str | None) -> None:
    assert fallback_reason(version) == reason


@given(st.text(max_size=20))
def test_a_version_has_one_normal_form_or_none(text: str) -> None:
    normal = normal_version(text)
    assert normal is None or normal_version(normal) == normal == str(Version(text))


def test_names_of_files() -> None:
    assert file_identity(WHEEL, "wheel") == file_identity(SDIST, "sdist") == Identity(
        name="nice-tool", version="1.2.0"
    )  # fmt: skip
    assert file_identity("nice_tool-1.0.0rc1.tar.gz", "sdist").version == normal_version("1.0.0-rc.1")
    with pytest.raises(FormatError) as caught:
        file_identity("nice_tool.whl", "wheel")
    assert str(caught.value) == (
        "file name of another form\n  wanted: NAME-VERSION-PYTHON-ABI-PLATFORM.whl\n"
        "  found:  Invalid wheel filename (wrong number of parts): 'nice_tool'\n  where:  nice_tool.whl"
    )


def rows(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"member": member, "problem": problem} for member, problem in pairs]


def test_a_wheel_is_held_against_its_record(tmp_path: Path) -> None:
    assert wheel(tmp_path, added={"more.py": b""})["record"] == rows(("more.py", "RECORD does not list it"))
    path = write_wheel(tmp_path)
    data = path.read_bytes().replace(b'"""A tool."""', b'"""A foot."""')
    path.write_bytes(data)
    with pytest.raises(FormatError, match="Bad CRC-32"):
        read_wheel(path, keep=KEPT["wheel"], where=path.name)
    sound = members()
    spoilt = {**sound, "nice_tool-1.2.0.dist-info/RECORD": b"nice_tool/__init__.py,,\ngone.py,,\n"}
    path = tmp_path / WHEEL
    write_twice(path, spoilt)
    listing = read_wheel(path, keep=KEPT["wheel"], where=WHEEL)
    assert examine(WHEEL, "wheel", listing)["record"] == rows(
        ("nice_tool-1.2.0.dist-info/METADATA", "RECORD does not list it"),
        ("nice_tool-1.2.0.dist-info/WHEEL", "RECORD does not list it"),
        ("nice_tool/__init__.py", "RECORD states no digest and size of it"),
        ("gone.py", "RECORD lists it, and it is not there"),
    )


def write_twice(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip of exactly these members."""
    import zipfile  # noqa: PLC0415 - only here

    with zipfile.ZipFile(path, "w") as archive:
        for member, data in files.items():
            archive.writestr(member, data)


def test_members_that_lead_out_or_collide(tmp_path: Path) -> None:
    added = {"../out.py": b"", "/etc/x": b"", "Nice_Tool/__init__.py": b""}
    assert wheel(tmp_path, added=added)["unsafe"] == rows(
        ("../out.py", "path refused: it has a '..' component"),
        ("/etc/x", "path refused: it is absolute"),
        ("Nice_Tool/__init__.py", "two members have this name on some systems: nice_tool/__init__.py"),
    )
    files = {
        "nice_tool-1.2.0/PKG-INFO": metadata(),
        "nice_tool-1.2.0/link": "/etc/passwd",
        "other/file": b"",
        "nice_tool-1.2.0/../../up": b"",
    }
    assert sdist(tmp_path, files)["unsafe"] == rows(
        ("nice_tool-1.2.0/link", "it is a symbolic link"),
        ("other/file", "it is not below nice_tool-1.2.0"),
        ("nice_tool-1.2.0/../../up", "path refused: it has a '..' component"),
    )


def test_metadata_inside_may_say_otherwise(tmp_path: Path) -> None:
    found = wheel(tmp_path, members(METADATA=metadata("Other.Tool", "0.0.0.dev0")))
    assert (found["inside_name"], found["inside_version"]) == ("other-tool", "0.0.0.dev0")
    assert found["fallback"] == "0.0.0 stands where no version was found"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (members(METADATA=None), ("the archive does not describe itself\n"
         "  wanted: one folder NAME-VERSION.dist-info\n  found:  none")),
        (members(WHEEL=None), "the archive does not describe itself\n  wanted: WHEEL\n  found:  none"),
        ({**members(), "b-1.dist-info/METADATA": metadata()}, ("the archive does not describe itself\n"
         "  wanted: one folder NAME-VERSION.dist-info\n  found:  b-1.dist-info, nice_tool-1.2.0.dist-info")),
        (members(METADATA=b"Name: nice-tool\n\n"), ("the metadata inside lack name or version\n"
         f"  wanted: Name, and a Version of PEP 440\n  found:  nice-tool, None\n  where:  {WHEEL}")),
        (members(METADATA=metadata(version="one")), ("the metadata inside lack name or version\n"
         f"  wanted: Name, and a Version of PEP 440\n  found:  nice-tool, one\n  where:  {WHEEL}")),
    ],
)  # fmt: skip
def test_whole_message_of_an_archive_that_is_no_distribution(
    tmp_path: Path, files: Mapping[str, bytes], message: str
) -> None:
    with pytest.raises(FormatError) as caught:
        wheel(tmp_path, files)
    assert str(caught.value) == message
