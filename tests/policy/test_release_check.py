from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.policy.release_check import Checked, check_release
from release_tasks.records.contract import CONTRACTS
from release_tasks.records.digest import Digest
from release_tasks.records.identity import FileEntry
from release_tasks.records.manifest import Manifest, manifest_from_json
from release_tasks.records.release_contents import OWN_RECORDS, Contents, FoundFile
from tests.fakes.release_tree import (
    PARTS,
    SHARDED,
    Parts,
    entry,
    release_files,
    restate,
    root_of,
    seal,
    tensor_digests,
)

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "release_tasks" / "schemas" / "metadata.schema.json").read_text("utf-8")
)


def contents(files: dict[str, bytes], *, full: bool = False) -> Contents:
    """Read a release out of a dict as the readers of system do."""
    found = []
    for path, data in sorted(files.items()):
        one = entry(path, data)
        weights = full and path.endswith(".safetensors")
        found.append(
            FoundFile(
                path=path,
                size=len(data),
                mode=0o644,
                sha256=one.sha256 if full or path in OWN_RECORDS else None,
                blake3=one.blake3,
                tensors=tensor_digests(data) if weights else None,
            )
        )
    kept = {path: data for path, data in files.items() if path in OWN_RECORDS}
    return Contents(files=tuple(found), kept=kept, tensors_read=full)


def check(files: dict[str, bytes], *, full: bool = False, anchor: Digest | None = None) -> Checked:
    return check_release(contents(files, full=full), anchor=anchor)


def told(checked: Checked) -> list[tuple[str, str, str, str]]:
    return [(str(one.code), one.path, one.wanted, one.found) for one in checked.problems]


def codes(checked: Checked) -> set[tuple[str, str]]:
    return {(str(one.code), one.path) for one in checked.problems}


def manifest_of(files: dict[str, bytes]) -> Manifest:
    return manifest_from_json(parse_canonical(files["MANIFEST.json"]))


@pytest.mark.parametrize("parts", [PARTS, SHARDED], ids=["one file", "shards"])
@pytest.mark.parametrize("full", [False, True])
def test_a_whole_release_has_no_problem_and_its_root(parts: Parts, full: bool) -> None:  # noqa: FBT001
    files = release_files(parts)
    checked = check(files, full=full, anchor=root_of(files))
    assert told(checked) == []
    assert checked.root == root_of(files)
    assert checked.manifest is not None
    assert checked.exact_root == checked.manifest.exact_root


def test_missing_and_extra_files_are_all_named_and_leave_no_root() -> None:
    files = release_files()
    del files["README.txt"]
    files["notes.txt"] = b"psst"
    checked = check(files)
    assert told(checked) == [
        ("MISSING_FILE", "README.txt", "16 bytes", "none"),
        ("EXTRA_FILE", "notes.txt", "only files that MANIFEST.json lists", "4 bytes"),
    ]
    assert checked.root is None


def test_a_renamed_file_is_one_missing_and_one_extra() -> None:
    files = release_files()
    files["Readme.md"] = files.pop("README.txt")
    assert codes(check(files)) == {("MISSING_FILE", "README.txt"), ("EXTRA_FILE", "Readme.md")}


def test_other_bytes_of_an_exact_file_are_a_digest_and_an_exact_root() -> None:
    good = release_files()
    files = {**good, "config.json": b'{"layers": 3}\n'}
    wanted, found = entry("config.json", good["config.json"]), entry("config.json", files["config.json"])
    checked = check(files)
    assert told(checked)[0] == ("DIGEST_MISMATCH", "config.json", str(wanted.blake3), str(found.blake3))
    assert codes(checked) == {
        ("DIGEST_MISMATCH", "config.json"),
        ("EXACT_ROOT_MISMATCH", "MANIFEST.json"),
    }


def test_another_size_is_said_once_in_bytes() -> None:
    files = {**release_files(), "README.txt": b"cut"}
    assert told(check(files)) == [("SIZE_MISMATCH", "README.txt", "16 bytes", "3 bytes")]


def two_stories() -> dict[str, bytes]:
    """A release whose manifest says the SHA-256 of other bytes than its BLAKE3, in all its records."""
    files = release_files()
    lie = entry("README.txt", b"An evil release.")
    honest = entry("README.txt", files["README.txt"])
    story = FileEntry("README.txt", honest.size, lie.sha256, honest.blake3)
    return seal(files, restate(manifest_of(files), "README.txt", entry=story))


def test_a_manifest_with_two_stories_is_found_by_full_or_by_the_honest_root() -> None:
    honest, files = release_files(), two_stories()
    assert told(check(files)) == []  # "sha256: as stated"
    wanted, found = (
        str(entry("README.txt", data).sha256) for data in (b"An evil release.", b"A tiny release.\n")
    )
    assert told(check(files, full=True)) == [("DIGEST_MISMATCH", "README.txt", wanted, found)]
    anchored = check(files, anchor=root_of(honest))
    assert anchored.root is not None
    assert anchored.root != root_of(honest)
    assert told(anchored) == [("ROOT_MISMATCH", ".", str(root_of(honest)), str(anchored.root))]


@pytest.mark.parametrize(
    ("bend", "wanted", "found"),
    [
        pytest.param(lambda _data: b"", None, "an empty file", id="empty"),
        pytest.param(lambda data: data[: data.index(b"\n") + 1], None, "line 2: the end", id="short"),
        pytest.param(lambda data: data + b"x", "line 10: the end", "line 10: x", id="longer"),
    ],
)
def test_checksum_txt_must_be_the_rendering(
    bend: Callable[[bytes], bytes], wanted: str | None, found: str
) -> None:
    files = release_files()
    lines = files["checksum.txt"].decode().splitlines()
    line = 1 if found == "an empty file" else 2
    files["checksum.txt"] = bend(files["checksum.txt"])
    expected = wanted or f"line {line}: {lines[line - 1]}"
    assert told(check(files)) == [("CHECKSUM_MISMATCH", "checksum.txt", expected, found)]


def test_checksum_txt_of_another_release_or_with_crlf_is_refused() -> None:
    for swap in ((b"\n", b"\r\n"), (b"  README", b" *README"), (b"a", b"A")):
        files = release_files()
        files["checksum.txt"] = files["checksum.txt"].replace(*swap)
        assert codes(check(files)) == {("CHECKSUM_MISMATCH", "checksum.txt")}


@pytest.mark.parametrize(
    ("bend", "found"),
    [
        pytest.param(
            lambda d: d.replace(b'{"contract"', b'{"name":"x","contract"'),
            "JSON object names a key twice: 'name'",
            id="duplicate key",
        ),
        pytest.param(
            lambda d: d.replace(b":", b": ", 1),
            'JSON is not in canonical form: \' "model/1","exact_ro\'',
            id="spaces",
        ),
        pytest.param(lambda d: d[:-2], "not JSON: Expecting ',' delimiter at line 1 column", id="cut off"),
        pytest.param(lambda _d: b"", "not JSON: Expecting value at line 1 column 1", id="empty"),
        pytest.param(
            lambda _d: b"[]\n",
            "the manifest is not one that release_tasks writes: missing, extra",
            id="a list",
        ),
        pytest.param(
            lambda d: d.replace(b'"schema_version":1', b'"schema_version":true'),
            "other types",
            id="true for 1",
        ),
    ],
)
def test_a_manifest_that_is_not_ours_is_one_problem(bend: Callable[[bytes], bytes], found: str) -> None:
    files = release_files()
    files["MANIFEST.json"] = bend(files["MANIFEST.json"])
    checked = check(files, anchor=root_of(files))
    problem, unanchored = checked.problems
    assert (problem.code, problem.path) == ("MANIFEST_INVALID", "MANIFEST.json")
    assert problem.found.startswith(found)
    assert told(replace(checked, problems=(unanchored,))) == [
        ("ROOT_MISMATCH", ".", str(root_of(files)), "no root: no manifest")
    ]
    assert checked.root is None


def test_a_hostile_name_in_the_manifest_is_a_path() -> None:
    files = release_files()
    files["MANIFEST.json"] = files["MANIFEST.json"].replace(b'"path":"README.txt"', b'"path":"../../etc/x"')
    assert told(check(files)) == [
        (
            "PATH",
            "MANIFEST.json",
            "a relative POSIX path inside the tree",
            "path refused: it has a '..' component: '../../etc/x'",
        )
    ]


def test_no_manifest_at_all() -> None:
    files = release_files()
    del files["MANIFEST.json"]
    assert told(check(files)) == [
        ("MISSING_FILE", "MANIFEST.json", "the list of all files, at most 67108864 bytes", "none")
    ]


def test_an_unknown_contract_is_refused() -> None:
    files = release_files()
    files = seal(files, replace(manifest_of(files), contract="model/9"))
    wanted = f"contract {' or '.join(CONTRACTS)}"
    assert told(check(files)) == [("MANIFEST_INVALID", "MANIFEST.json", wanted, "model/9")]


def test_weights_in_a_dataset_are_refused() -> None:
    """R4: every role that has no place in the contract is named."""
    files = release_files()
    files = seal(files, replace(manifest_of(files), contract="dataset/1"))
    foreign = {wanted for code, _, wanted, _ in told(check(files)) if code == "CONTRACT"}
    assert {
        "1 file of role data",
        "no file of role weights in a release of contract dataset/1",
        "no file of role tokenizer in a release of contract dataset/1",
        "no file of role config in a release of contract dataset/1",
    } <= foreign


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("evidence/policy.json", "policy"),
        ("evidence/environment.json", "environment"),
        ("tokenizer.json", "tokenizer or preprocessor"),
        ("README.txt", "readme"),
    ],
)
def test_a_role_that_nobody_fills_breaks_the_contract(path: str, role: str) -> None:
    files = release_files({name: part for name, part in PARTS.items() if name != path})
    assert told(check(files)) == [("CONTRACT", ".", f"1 file of role {role}", "none")]


def test_weights_without_tensor_digests_break_the_contract() -> None:
    files = release_files()
    files = seal(files, restate(manifest_of(files), "model.safetensors", tensors=None))
    assert told(check(files)) == [
        ("CONTRACT", "model.safetensors", "the BLAKE3 of every tensor of the weights", "none")
    ]


def test_the_class_of_a_role_is_that_of_the_contract() -> None:
    files = release_files({**PARTS, "README.txt": ("readme", "recorded", "text/plain", b"hi")})
    assert told(check(files)) == [("CLASS", "README.txt", "class derived for role readme", "class recorded")]


def test_a_preprocessor_takes_the_place_of_the_tokenizer() -> None:
    parts = {name: part for name, part in PARTS.items() if name != "tokenizer.json"}
    parts["pre.json"] = ("preprocessor", "exact", "application/json", b"{}")
    files = release_files(parts)
    found = codes(check(files))
    assert found == {("METADATA_MISMATCH", "metadata.json")}  # the fake knows tokenizer.json only
    value = json.loads(files["metadata.json"])
    value["tokenizer_hash"] = str(entry("", b"{}").sha256)
    del value["reasons"]["tokenizer_hash"]
    assert told(check(with_metadata(value, parts))) == []


def with_metadata(value: Any, parts: Parts = PARTS) -> dict[str, bytes]:
    data = dump_canonical(value)
    return release_files({**parts, "metadata.json": ("metadata", "derived", "application/json", data)})


def good_metadata() -> Any:
    return json.loads(release_files()["metadata.json"])


def test_metadata_fits_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(good_metadata(), SCHEMA)
    assert told(check(with_metadata(good_metadata()))) == []


ZERO = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    "key", ["model_hash", "tokenizer_hash", "config_hash", "exact_root", "version", "name"]
)
def test_every_fact_of_the_metadata_is_compared_with_the_files(key: str) -> None:
    value = good_metadata()
    good, value[key] = value[key], ZERO
    assert told(check(with_metadata(value))) == [
        ("METADATA_MISMATCH", "metadata.json", f"{key}: {good}", f"{key}: {ZERO}")
    ]


BENT: dict[str, tuple[Callable[[Any], object], str, str]] = {
    "no key": (lambda v: v.pop("license"), "license: text", "license: no such key"),
    "a new key": (lambda v: v.update(mood="good"), "mood: no such key", "mood: good"),
    "a number as text": (
        lambda v: v.update(training_seed="7"),
        "training_seed: an integer",
        "training_seed: 7",
    ),
    "true for a seed": (
        lambda v: v.update(training_seed=True),
        "training_seed: an integer",
        "training_seed: True",
    ),
    "a date in words": (lambda v: v.update(date="today"), "date: YYYY-MM-DDTHH:MM:SSZ", "date: today"),
    "a null name": (lambda v: v.update(name=None), "name: text", "name: null"),
    "a hash of another kind": (
        lambda v: v.update(model_hash="md5:0"),
        "model_hash: sha256:<64 hex>",
        "model_hash: md5:0",
    ),
    "a short that is none": (
        lambda v: v.update(git_commit_short="abcdef0"),
        "git_commit_short: the first digits of git_commit",
        "git_commit_short: abcdef0",
    ),
}


@pytest.mark.parametrize(("bend", "wanted", "found"), BENT.values(), ids=BENT)
def test_metadata_has_exactly_its_keys_and_types(
    bend: Callable[[Any], object], wanted: str, found: str
) -> None:
    value = good_metadata()
    bend(value)
    assert told(check(with_metadata(value))) == [("METADATA_MISMATCH", "metadata.json", wanted, found)]


def test_a_null_without_a_reason_and_a_reason_without_a_null_are_refused() -> None:
    value = good_metadata()
    nulls = sorted(value["reasons"])
    del value["reasons"][nulls[0]]
    wanted = f"reasons: text for {', '.join(nulls)}"
    assert told(check(with_metadata(value))) == [
        ("METADATA_MISMATCH", "metadata.json", wanted, f"reasons: {', '.join(nulls[1:])}")
    ]
    value["reasons"] |= {nulls[0]: "none", "license": "secret"}
    assert codes(check(with_metadata(value))) == {("METADATA_MISMATCH", "metadata.json")}


def test_metadata_that_is_not_canonical_is_refused() -> None:
    data = json.dumps(good_metadata()).encode()
    files = release_files({**PARTS, "metadata.json": ("metadata", "derived", "application/json", data)})
    assert codes(check(files)) == {("METADATA_MISMATCH", "metadata.json")}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"decision":"REJECT"}\n', "'REJECT'"),
        (b"{}\n", "None"),
        (b"[]\n", "None"),
        (b'{"decision":"REJECT","decision":"PASS"}\n', "JSON object names a key twice: 'decision'"),
    ],
)
def test_a_release_that_was_rejected_is_not_whole(data: bytes, found: str) -> None:
    path = "evidence/verdict.json"
    files = release_files({**PARTS, path: ("verdict", "derived", "application/json", data)})
    (problem,) = told(check(files))
    assert (problem[:2], problem[3]) == (("VERDICT", path), found)


def test_a_verdict_elsewhere_is_no_verdict() -> None:
    parts = {name: part for name, part in PARTS.items() if name != "evidence/verdict.json"}
    files = release_files({**parts, "verdict.json": PARTS["evidence/verdict.json"]})
    assert codes(check(files)) == {
        ("VERDICT", "evidence/verdict.json"),
        ("CONTRACT", "evidence/verdict.json"),
    }


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        (0o755, "0755: executable"),
        (0o646, "0646: world-writable"),
        (0o4644, "4644: setuid or setgid"),
        (0o2755, "2755: setuid or setgid, executable"),
    ],
)
def test_modes_that_grant_too_much_are_refused(mode: int, found: str) -> None:
    read = contents(release_files())
    files = tuple(replace(one, mode=mode) if one.path == "README.txt" else one for one in read.files)
    assert told(check_release(replace(read, files=files))) == [
        ("MODE", "README.txt", "a plain file, as 0644 or 0444", found)
    ]


@pytest.mark.parametrize("mode", [0o444, 0o600, 0o664, None])
def test_other_modes_are_the_users_business(mode: int | None) -> None:
    read = contents(release_files())
    files = tuple(replace(one, mode=mode) for one in read.files)
    assert check_release(replace(read, files=files)).ok


def test_full_compares_header_and_every_tensor() -> None:
    files = release_files()
    manifest = manifest_of(files)
    honest = tensor_digests(files["model.safetensors"])
    zero = Digest("blake3", "0" * 64)
    lie = replace(honest, header=zero, tensors=(*honest.tensors[:2], ("x", zero)))
    files = seal(files, restate(manifest, "model.safetensors", tensors=lie))
    assert told(check(files)) == []
    assert told(check(files, full=True)) == [
        ("TENSOR_MISMATCH", "model.safetensors", f"header {zero}", f"header {honest.header}"),
        ("TENSOR_MISMATCH", "model.safetensors", "w absent", f"w {honest.tensors[2][1]}"),
        ("TENSOR_MISMATCH", "model.safetensors", f"x {zero}", "x absent"),
    ]


def test_the_top_folder_of_an_archive_names_the_release() -> None:
    read = contents(release_files())
    assert check_release(replace(read, folder="tiny-1.0.0")).ok
    assert told(check_release(replace(read, folder="tiny-1.0.1"))) == [
        ("ARCHIVE", ".", "the top folder tiny-1.0.0", "tiny-1.0.1")
    ]


def test_a_record_too_large_to_parse_is_a_problem_and_never_ok() -> None:
    read = contents(release_files())
    for path in OWN_RECORDS:
        kept = {name: data for name, data in read.kept.items() if name != path}
        assert not check_release(replace(read, kept=kept)).ok


def test_what_breaks_off_does_not_miss_the_files_behind_the_break() -> None:
    read = contents(release_files())
    part = replace(read, files=read.files[:4], complete=False)
    checked = check_release(part)
    assert told(checked) == []
    assert checked.root is None
