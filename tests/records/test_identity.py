from __future__ import annotations

import hashlib
import json
import re
import struct
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.records.identity import FileEntry, exact_root, identity_bytes, root, tree_digest
from tests.fakes.release_tree import entry

DOC = Path(__file__).parents[2] / "docs" / "reference" / "identity.md"
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=6)
TREES = st.dictionaries(NAMES, st.binary(max_size=6), max_size=5)


def by_the_book(files: dict[str, bytes], domain: str) -> bytes:
    """Written from docs/reference/identity.md alone."""
    out = b"release_tasks/identity/1/" + domain.encode() + b"\n"
    out += len(files).to_bytes(8, "little") + sum(map(len, files.values())).to_bytes(8, "little")
    for name, data in sorted((path.encode(), data) for path, data in files.items()):
        out += len(name).to_bytes(4, "little") + name + b"f" + len(data).to_bytes(8, "little")
        out += hashlib.sha256(data).digest() + blake3(data).digest()
    return out


def set_by_the_book(files: dict[str, bytes]) -> str:
    out = b"release_tasks/tree/1\n"
    for path, data in sorted(files.items()):
        name = path.encode()
        out += struct.pack("<I", len(name)) + name + hashlib.sha256(data).digest()
    return f"sha256:{hashlib.sha256(out).hexdigest()}"


def entries(files: dict[str, bytes]) -> list[FileEntry]:
    return [entry(path, data) for path, data in files.items()]


def test_the_vectors_of_the_specification() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", DOC.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    vectors = json.loads(block)
    files = {path: bytes.fromhex(text) for path, text in vectors["files"].items()}
    exact = {path: files[path] for path in vectors["exact"]}
    assert len(files) == 2
    for domain, tree, prefix, ours, digest in (
        ("tree", files, "", identity_bytes(entries(files)), root(entries(files))),
        ("exact", exact, "exact_", identity_bytes(entries(exact), exact=True), exact_root(entries(exact))),
    ):
        encoding = by_the_book(tree, domain)
        assert ours == encoding
        assert vectors[f"{prefix}encoding"] == encoding.hex()
        assert vectors[f"{prefix}root"] == str(digest) == f"sha256:{hashlib.sha256(encoding).hexdigest()}"
    of_set = tree_digest((path, hashlib.sha256(data).hexdigest()) for path, data in files.items())
    assert vectors["tree_digest"] == str(of_set) == set_by_the_book(files)


@given(TREES, st.randoms())
def test_every_tree_is_encoded_by_the_book_in_any_order(files: dict[str, bytes], random: object) -> None:
    rows = entries(files)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert identity_bytes(rows) == by_the_book(files, "tree")
    assert identity_bytes(rows, exact=True) == by_the_book(files, "exact")
    assert str(tree_digest((row.path, row.sha256.hex) for row in rows)) == set_by_the_book(files)


@given(TREES, TREES)
def test_two_trees_share_a_root_only_when_they_are_equal(
    one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    assert (root(entries(one)) == root(entries(two))) == (one == two)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"a": b"12", "b": b"3"}, id="bytes moved between files"),
        pytest.param({"a": b"1", "b2": b"3"}, id="renamed"),
        pytest.param({"a": b"1"}, id="removed"),
        pytest.param({"a": b"1", "b": b"23", "c": b""}, id="an empty file added"),
        pytest.param({"b": b"1", "a": b"23"}, id="swapped"),
    ],
)
def test_what_a_person_would_call_another_tree_has_another_root(other: dict[str, bytes]) -> None:
    assert root(entries(other)) != root(entries({"a": b"1", "b": b"23"}))


def test_each_hash_counts_alone_and_the_two_roots_are_never_mixed_up() -> None:
    mine, other = entry("a", b"1"), entry("a", b"2")
    told = {
        root([FileEntry("a", 1, sha, blake)])
        for sha in (mine.sha256, other.sha256)
        for blake in (mine.blake3, other.blake3)
    }
    assert len(told | {exact_root([mine])}) == 5
