from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ConfigError, FormatError, ReleaseError
from release_tasks.formats.static_version import read_static_version

MODULE = """from x import y
__version__ = "0.1.0"
__version__: str = "1.0.0"
class A:
    __version__ = "9.9.9"
"""


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("pyproject.toml", '[project]\nname = "a"\nversion = "1.0.0"\n', "1.0.0"),
        ("sub/pyproject.toml", '[project]\nname = "a"\ndynamic = ["version"]\n', None),
        ("pyproject.toml", '[tool.ruff]\nversion = "1"\n', None),
        ("package.json", '{"name": "a", "version": "0.0.0-dev"}', "0.0.0-dev"),
        ("web/package.json", '{"private": true}', None),
        ("a/__init__.py", MODULE, "1.0.0"),
        ("a/__init__.py", '__version__ = "1.0.0"\n__version__ = read()\n', None),
        ("a.py", "a, b = 1, 2\n", None),
    ],
)
def test_version_that_a_file_states(name: str, text: str, version: str | None) -> None:
    """C6: every kind of static file that carries a version."""
    assert read_static_version(name, text) == version


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("Cargo.toml", "", "no version is known to stand in such a file"),
        ("pyproject.toml", "[project", "TOML is malformed"),
        ("pyproject.toml", "[project]\nversion = 1\n", "the version is no text"),
        ("package.json", "[]", "not a package.json"),
        ("package.json", '{"version": "1", "version": "2"}', "JSON object names a key twice"),
        ("a.py", "def", "Python is malformed"),
        ("a.py", "\0", "Python is malformed"),
    ],
)
def test_file_that_says_nothing_sure_is_refused(name: str, text: str, error: str) -> None:
    with pytest.raises((ConfigError, FormatError)) as caught:
        read_static_version(name, text)
    assert caught.value.what == error
    assert name in {caught.value.where, caught.value.found}


def test_whole_message() -> None:
    with pytest.raises(FormatError) as caught:
        read_static_version("pyproject.toml", "[project]\nversion = 1\n")
    assert str(caught.value) == (
        'the version is no text\n  wanted: project.version = "1.0.0"\n  found:  1\n  where:  pyproject.toml'
    )


@given(name=st.sampled_from(["pyproject.toml", "package.json", "a.py"]), text=st.text(max_size=60))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    with contextlib.suppress(ReleaseError):
        assert isinstance(read_static_version(name, text), str | None)


@given(version=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30))
def test_what_is_written_is_read(version: str) -> None:
    assert read_static_version("package.json", json.dumps({"version": version})) == version
    assert read_static_version("a.py", f"__version__ = {version!r}\n") == version
