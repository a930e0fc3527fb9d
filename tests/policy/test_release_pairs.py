from __future__ import annotations

from release_tasks.policy.release_pairs import pair_files
from release_tasks.records.digest import Digest
from release_tasks.records.identity import FileEntry
from release_tasks.records.manifest import Manifest, ManifestFile


def manifest(version: str, **roles: str) -> Manifest:
    digests = Digest("sha256", "0" * 64), Digest("blake3", "0" * 64)
    files = tuple(
        ManifestFile(entry=FileEntry(path, 0, *digests), media_type="text/plain", role=role, cls="exact")
        for path, role in roles.items()
    )
    return Manifest(contract="model/1", name="m", version=version, exact_root=digests[0], files=files)


def pairs(old: Manifest, new: Manifest) -> list[tuple[str | None, str | None]]:
    return [
        (None if pair.before is None else pair.before.path, None if pair.after is None else pair.after.path)
        for pair in pair_files(old, new)
    ]


def test_files_are_paired_by_path_and_then_by_path_without_the_version() -> None:
    old = manifest("1.0.0", **{"a": "x", "gone": "x", "m-v1.0.0-F32.gguf": "gguf", "n-1.0.0": "x"})
    new = manifest("1.1.0", **{"a": "x", "m-v1.1.0-F32.gguf": "gguf", "n-1.1.0": "y", "new": "x"})
    assert pairs(old, new) == [
        ("a", "a"),
        ("gone", None),
        ("m-v1.0.0-F32.gguf", "m-v1.1.0-F32.gguf"),
        ("n-1.0.0", None),
        (None, "n-1.1.0"),
        (None, "new"),
    ]


def test_two_files_of_one_place_are_both_there() -> None:
    old = manifest("1.0", **{"a-1.0": "x", "a-VERSION": "x"})
    assert pairs(old, manifest("2.0")) == [("a-1.0", None), ("a-VERSION", None)]
    assert pairs(manifest("2.0"), old) == [(None, "a-1.0"), (None, "a-VERSION")]
