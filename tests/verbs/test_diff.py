from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import release_tasks
from release_tasks.errors import ConfigError, IntegrityError
from release_tasks.formats.safetensors_numpy import dump_tensors
from release_tasks.policy.release_diff_text import render_markdown
from release_tasks.policy.tolerance import Tolerance
from release_tasks.records.release_difference import ReleaseDifference
from release_tasks.verbs.diff import diff_releases
from tests.fakes.release_tree import PARTS, SHARDED, Parts, archive, release_files, write_release

SCHEMA = json.loads(
    (Path(release_tasks.__file__).parent / "schemas/release-difference.schema.json").read_bytes()
)
EXACT = Tolerance()
JSON_TYPE = "application/json"


def compare(folder: Path, old: Parts, new: Parts, **options: Any) -> ReleaseDifference:
    for name, parts in (("old", old), ("new", new)):
        if not (folder / name).exists():
            write_release(folder / name, release_files(parts))
    return checked(folder, "old", "new", **options)


def checked(
    folder: Path, old: str, new: str, *, unverified: bool = False, tolerance: Tolerance = EXACT
) -> ReleaseDifference:
    found = diff_releases(Path(old), Path(new), tolerance=tolerance, unverified=unverified, cwd=folder)
    value = json.loads(json.dumps(found.to_json(), allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    return found


def changed(path: str, data: bytes, parts: Parts = PARTS) -> Parts:
    role, cls, media_type, _ = parts[path]
    return {**parts, path: (role, cls, media_type, data)}


def weights(**tensors: Any) -> bytes:
    return b"".join(map(bytes, dump_tensors(tensors)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_identical_releases_are_one_line_in_any_form(tmp_path: Path) -> None:
    files = release_files()
    write_release(tmp_path / "old", files)
    for kind in ("tar", "zip"):
        (tmp_path / kind).write_bytes(archive(files, kind))
        found = checked(tmp_path, "old", kind)
        assert render_markdown(found) == f"tiny 1.0.0 and tiny 1.0.0 are identical: root {found.after.root}\n"
        assert (found.identical, found.exact, found.files, found.weights) == (True, True, (), ())


def test_weights_in_shards_cut_otherwise(tmp_path: Path) -> None:
    ids = np.array([1, -2, 3])
    whole = changed("model.safetensors", weights(ids=ids, w=np.array([[0.5, -1, 2], [3.25, 4, -0.0]], "f4")))
    found = compare(tmp_path, whole, SHARDED)
    (model,) = found.weights
    assert (model.name, model.relation, model.tensors, found.level) == (
        "2 shards",
        "tensors-equal",
        (),
        "tensors",
    )
    assert "`2 shards`: 2 tensors, all equal; the bytes around them differ" in render_markdown(found)
    assert {(change.before, change.after) for change in found.files} >= {
        ("model.safetensors", None),
        (None, "model.safetensors.index.json"),
    }


def test_a_tensor_in_an_archive(tmp_path: Path) -> None:
    old, new = np.zeros((2, 2), "f4"), np.zeros((2, 2), "f4")
    new[1, 0] = 1e-45
    for name, array in (("old", old), ("new", new)):
        parts = changed("model.safetensors", weights(w=array))
        (tmp_path / name).write_bytes(archive(release_files(parts), "tar" if name == "old" else "zip"))
    found = checked(tmp_path, "old", "new")
    (tensor,) = found.weights[0].tensors
    assert (tensor.first_index, tensor.max_ulp, tensor.differing) == ((1, 0), 1, 1)
    assert (found.identical, found.exact, found.level) == (False, False, "none")
    assert checked(tmp_path, "old", "new", tolerance=Tolerance(max_ulp=1)).level == "tolerance"
    assert checked(tmp_path, "old", "new", tolerance=Tolerance(max_ulp=0)).level == "none"


def test_a_tokenizer_by_tokens_and_another_library_by_key(tmp_path: Path) -> None:
    def tokenizer(vocab: dict[str, int], merges: list[str]) -> bytes:
        return json.dumps({"model": {"type": "BPE", "vocab": vocab, "merges": merges}}).encode()

    old = changed("tokenizer.json", tokenizer({"a": 0, "b": 1, "\x1b[2J": 2}, ["a b", "b a"]))
    new = changed("tokenizer.json", tokenizer({"b": 0, "a": 1, "c|`": 3}, ["a b", "a a"]))
    found = compare(tmp_path, old, new)
    text = render_markdown(found)
    for line in (
        r"- 1 token added: `c\x7c\x60` 3",
        r"- 1 token removed: `\x1b[2J` 2",
        "- 2 tokens with another id: `a` 0 → 1, `b` 1 → 0",
        "- merges: 2 → 2, 1 removed, 1 added, the first difference at rank 1",
    ):
        assert line in text.splitlines()
    shutil.rmtree(tmp_path / "new")
    found = compare(
        tmp_path,
        PARTS,
        PARTS | {"tokenizer.json": ("tokenizer", "exact", JSON_TYPE, b'{"version": "2.0"}\n')},
    )
    assert found.tokenizer is None
    assert [file.name for file in found.others] == ["tokenizer.json"]


def test_configuration_by_key_also_of_yaml(tmp_path: Path) -> None:
    found = compare(tmp_path, PARTS, changed("config.json", b'{"layers": 3}\n'))
    assert [(one.key, one.before, one.after) for one in found.config[0].values.shown] == [
        ("layers", "2", "3")
    ]
    rest = {path: part for path, part in PARTS.items() if path != "config.json"}
    yaml = [
        {**rest, "config.yaml": ("config", "exact", "application/yaml", data)}
        for data in (b"a: 1\nb: 2\n", b"a: 1\nb: 3\n")
    ]
    for name, parts in zip(("y1", "y2"), yaml, strict=True):
        write_release(tmp_path / name, release_files(parts))
    (config,) = checked(tmp_path, "y1", "y2").config
    assert [(one.key, one.before, one.after) for one in config.values.shown] == [("b", "2", "3")]
    anchored = changed("config.yaml", b"a: &x 1\nb: *x\n", yaml[0])
    write_release(tmp_path / "y3", release_files(anchored))
    found = checked(tmp_path, "y1", "y3")
    assert (found.config[0].values.count, found.config[0].format) == (0, "text")
    assert "    +a: &x 1" in render_markdown(found).splitlines()


def test_environment_and_other_files(tmp_path: Path) -> None:
    old = changed("evidence/environment.json", b'{"numeric_id":"v3","packages":{"numpy":"2.3"}}\n')
    new = changed("evidence/environment.json", b'{"numeric_id":"v3","packages":{"numpy":"2.4"}}\n')
    extra = ("extra", "exact", "text/plain")
    found = compare(
        tmp_path, {**old, "a.txt": (*extra, b"a\n```\n")}, {**new, "a.txt": (*extra, b"a\n\x1b[2J\n")}
    )
    assert [(one.key, one.after) for one in found.environment.shown] == [("packages.numpy", '"2.4"')]
    assert r"    +\x1b[2J" in render_markdown(found).splitlines()
    assert "1 recorded file differs too, as those of every run do; --json has all" in render_markdown(found)


def test_a_release_that_does_not_verify_is_refused(tmp_path: Path) -> None:
    write_release(tmp_path / "old")
    bad = write_release(tmp_path / "new")
    (bad / "config.json").write_bytes(b'{"layers": 4}\n')
    (bad / "\x1b[2J").write_bytes(b"")
    with pytest.raises(IntegrityError) as caught:
        checked(tmp_path, "old", "new")
    assert str(caught.value).startswith(
        "the release does not verify\n"
        "  wanted: a release without problems\n"
        "  found:  PATH \\x1b[2J: path refused: it "
    )
    assert str(caught.value).endswith(
        f"  where:  {bad}\n  hint:   'verify' lists them all; --unverified compares what is there"
    )
    found = checked(tmp_path, "old", "new", unverified=True)
    assert [(one.key, one.after) for one in found.config[0].values.shown] == [("layers", "4")]
    assert found.after.problems > 1
    assert f"| not verified | 0 problems | {found.after.problems} problems |" in render_markdown(found)


def test_what_is_missing_is_no_reason_to_stop_when_nothing_is_verified(tmp_path: Path) -> None:
    write_release(tmp_path / "old")
    bad = write_release(tmp_path / "new")
    for path in ("model.safetensors", "metadata.json", "evidence/environment.json"):
        (bad / path).unlink()
    found = checked(tmp_path, "old", "new", unverified=True)
    assert (found.identical, found.exact, found.after.commit) == (False, False, None)
    assert {tensor.kind for tensor in found.weights[0].tensors} == {"removed"}
    assert "`0 shards`: 0 tensors, 3 removed" in render_markdown(found).splitlines()


def test_a_broken_archive_is_compared_as_far_as_it_goes(tmp_path: Path) -> None:
    files = release_files()
    write_release(tmp_path / "old", files)
    (tmp_path / "new").write_bytes(archive(files, "tar")[:-1500])
    with pytest.raises(IntegrityError, match="the release does not verify"):
        checked(tmp_path, "old", "new")
    assert checked(tmp_path, "old", "new", unverified=True).after.problems > 0


def test_without_a_manifest_there_is_nothing_to_compare(tmp_path: Path) -> None:
    write_release(tmp_path / "old")
    (tmp_path / "new").mkdir()
    (tmp_path / "new/x").write_bytes(b"")
    with pytest.raises(IntegrityError) as caught:
        checked(tmp_path, "old", "new", unverified=True)
    assert str(caught.value) == (
        "not a release that can be compared\n"
        "  wanted: a release directory, tar or zip with a manifest\n"
        "  found:  MISSING_FILE MANIFEST.json: none\n"
        f"  where:  {tmp_path / 'new'}"
    )
    with pytest.raises(ConfigError, match="no such release"):
        checked(tmp_path, "old", "nothing")
