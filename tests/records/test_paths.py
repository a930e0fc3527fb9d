from __future__ import annotations

import os
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from release_tasks.errors import PathError
from release_tasks.records.paths import fold, refuse_collisions, safe_relpath

# Characters that a naive check gets wrong, beside all others.
NASTY = st.text(st.sampled_from("ab./\\: \0\n\u200b\u0301e\u00e9ſß~*CONnul1$"), max_size=20)


@given(NASTY | st.text(max_size=30))
@example("a/../b")
@example("..")
@example("a//b")
@example("a/.")
@example("nul.txt")
@example("e\u0301")
def test_every_accepted_path_stays_inside_and_reads_back(text: str) -> None:
    """K15: POSIX, relative, no backslash, no leading slash, no colon, no `..`; and as bytes the same path."""
    try:
        path = safe_relpath(text)
    except PathError:
        return
    assert path == text
    assert os.fsencode(path).decode("utf-8") == path
    assert unicodedata.normalize("NFC", path) == path
    assert os.path.normpath(path) == path
    joined = os.path.normpath(os.path.join("/tree/of/files", path))  # noqa: PTH118
    assert joined == f"/tree/of/files/{path}"
    assert not set(path) & set("\\:\0\n")
    assert not PurePosixPath(path).is_absolute()


@given(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8).map(
        lambda t: unicodedata.normalize("NFC", t)
    )
)
def test_letters_and_digits_of_every_script_are_accepted(name: str) -> None:
    assume(
        name.casefold() not in {"con", "prn", "aux", "nul"} and not name.casefold().startswith(("com", "lpt"))
    )
    assert safe_relpath(f"data/{name}.json") == f"data/{name}.json"


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is absolute"),
        ("../x", "has a '..' component"),
        ("a/../../x", "has a '..' component"),
        ("a/..", "has a '..' component"),
        ("./a", "has an empty or '.' component"),
        ("a//b", "has an empty or '.' component"),
        ("a/", "has an empty or '.' component"),
        ("a\\b", "holds a backslash"),
        ("c:a", "holds a colon"),
        ("a\0b", "holds a control character"),
        ("a\nb", "holds a control character"),
        ("a\u202eb", "holds a control character"),
        ("a\udc80", "holds a control character"),
        ("e\u0301", "is not in Unicode normal form C"),
        ("a./b", "has a component with a space at an end or a dot at its end"),
        (" a", "has a component with a space at an end or a dot at its end"),
        ("a /b", "has a component with a space at an end or a dot at its end"),
        ("x/NUL.tar.gz", "has a component that Windows reserves"),
        ("com1", "has a component that Windows reserves"),
        ("é" * 128, "has a component longer than 255 bytes"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, flaw: str) -> None:
    with pytest.raises(PathError) as caught:
        safe_relpath(text, where="release.toml: artifacts.model")
    error = caught.value
    assert error.what == f"path refused: it {flaw}"
    assert (error.wanted, error.where) == (
        "a relative POSIX path inside the tree",
        "release.toml: artifacts.model",
    )
    assert error.found == ascii(text)[:200]


@pytest.mark.parametrize(
    "text", ["a", ".hidden", "a/.b/c", "..a", "a..b", "com10", "console", "x" * 255, "日本/語"]
)
def test_what_merely_looks_odd_is_accepted(text: str) -> None:
    assert safe_relpath(text) == text


@pytest.mark.parametrize(
    ("one", "other"), [("README", "readme"), ("straße", "STRASSE"), ("é", "E\u0301"), ("a/B/c", "A/b/C")]
)
def test_names_that_one_file_system_takes_for_one_collide(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    with pytest.raises(PathError) as caught:
        refuse_collisions([one, "else", other])
    assert caught.value.what == "two paths collide on a case-insensitive file system"
    assert caught.value.found == " and ".join(sorted([one, other]))


def test_a_name_twice_collides_with_itself() -> None:
    with pytest.raises(PathError, match="collide"):
        refuse_collisions(["a", "a"])


@pytest.mark.parametrize("paths", [["a", "a/b"], ["A", "a/b/c"], ["a/b/c", "a/b"]])
def test_a_path_cannot_be_file_and_folder(paths: list[str]) -> None:
    with pytest.raises(PathError) as caught:
        refuse_collisions(paths)
    assert caught.value.what == "a path is both a file and a folder"


def test_neighbours_do_not_collide() -> None:
    refuse_collisions(["a", "ab", "b/a", "b/b", "a.b", "a-b/c"])
