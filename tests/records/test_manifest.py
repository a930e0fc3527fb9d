from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError, PathError, ReleaseError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.digest import Digest
from release_tasks.records.identity import FileEntry
from release_tasks.records.manifest import Manifest, ManifestFile, TensorDigests, manifest_from_json
from tests.fakes.release_tree import release_files

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "release_tasks" / "schemas" / "manifest.schema.json").read_text("utf-8")
)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
TEXT = st.text(max_size=8)
TENSORS = st.builds(
    lambda header, tensors: TensorDigests(
        header=Digest("blake3", header),
        tensors=tuple((name, Digest("blake3", digits)) for name, digits in sorted(tensors.items())),
    ),
    HEX,
    st.dictionaries(TEXT, HEX, max_size=3),
)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    paths = draw(st.lists(st.text("abcdef", min_size=1, max_size=5), unique=True, max_size=4))
    files = tuple(
        ManifestFile(
            entry=FileEntry(
                path, draw(st.integers(0, 2**64)), Digest("sha256", draw(HEX)), Digest("blake3", draw(HEX))
            ),
            media_type=draw(TEXT),
            role=draw(TEXT),
            cls=draw(st.sampled_from(("exact", "derived", "recorded"))),
            tensors=draw(st.none() | TENSORS),
        )
        for path in sorted(paths)
    )
    return Manifest(
        contract=draw(TEXT),
        name=draw(TEXT),
        version=draw(TEXT),
        exact_root=Digest("sha256", draw(HEX)),
        files=files,
    )


@given(manifests())
def test_what_is_written_reads_back_and_fits_the_schema(manifest: Manifest) -> None:
    data = dump_canonical(manifest.to_json())
    assert manifest_from_json(parse_canonical(data)) == manifest
    jsonschema.validate(json.loads(data), SCHEMA)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def value() -> Any:
    return json.loads(release_files()["MANIFEST.json"])


def file_of(found: Any) -> Any:
    return found["files"][0]


BAD_SHAPES: dict[str, Callable[[Any], object]] = {
    "another version": lambda v: v.update(schema_version=2),
    "no contract": lambda v: v.pop("contract"),
    "an unknown key": lambda v: v.update(note="hi"),
    "files as an object": lambda v: v.update(files={}),
    "exact_root without its algorithm": lambda v: v.update(exact_root=v["exact_root"][7:]),
    "a file without sha256": lambda v: file_of(v).pop("sha256"),
    "a file with a note": lambda v: file_of(v).update(note="hi"),
    "a size as text": lambda v: file_of(v).update(size="1"),
    "a size that is true": lambda v: file_of(v).update(size=True),
    "a negative size": lambda v: file_of(v).update(size=-1),
    "an unknown class": lambda v: file_of(v).update({"class": "maybe"}),
    "a short digest": lambda v: file_of(v).update(sha256="00"),
    "upper-case hex": lambda v: file_of(v).update(blake3="A" * 64),
    "tensors without a header": lambda v: file_of(v).update(tensors={}),
    "a tensor digest that is a number": lambda v: file_of(v).update(header_blake3="0" * 64, tensors={"a": 1}),
    "an absolute path": lambda v: file_of(v).update(path="/etc/passwd"),
}


@pytest.mark.parametrize("bend", BAD_SHAPES.values(), ids=BAD_SHAPES)
def test_other_shapes_are_refused_by_the_reader_and_by_the_schema(bend: Callable[[Any], object]) -> None:
    found = copy.deepcopy(value())
    bend(found)
    with pytest.raises(ReleaseError):
        manifest_from_json(found)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


@pytest.mark.parametrize("path", ["../x", "a//b", "a\x00b", "C:x", "con", "a\\b", "e\u0301", "x/..", "."])
def test_hostile_paths_are_refused(path: str) -> None:
    found = value()
    found["files"][0]["path"] = path
    with pytest.raises(PathError):
        manifest_from_json(found)


@pytest.mark.parametrize("path", ["MANIFEST.json", "checksum.txt"])
def test_a_manifest_lists_neither_itself_nor_the_checksums(path: str) -> None:
    found = value()
    found["files"][0]["path"] = path
    found["files"].sort(key=lambda file: str(file["path"]))
    with pytest.raises(FormatError) as caught:
        manifest_from_json(found)
    assert str(caught.value) == (
        "the manifest is not one that release_tasks writes\n"
        "  found: files that are unsorted, doubled, or the manifest itself\n"
        "  where: MANIFEST.json: files"
    )


def test_files_that_are_unsorted_doubled_or_collide_are_refused() -> None:
    for change in ("reverse", "double", "collide"):
        found = value()
        if change == "reverse":
            found["files"].reverse()
        elif change == "double":
            found["files"].insert(0, found["files"][0])
        else:
            found["files"][0]["path"] = "CONFIG.json"
        with pytest.raises((FormatError, PathError)):
            manifest_from_json(found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    )
)
def test_any_other_json_is_refused_with_an_error_for_people(junk: Any) -> None:
    with pytest.raises(FormatError):
        manifest_from_json(junk)
