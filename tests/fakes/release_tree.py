"""A small but whole release, written with records and formats only; tests bend it and look what is noticed."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from blake3 import blake3

from release_tasks.formats.archive_member import Member
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.formats.checksum_file import dump_checksums
from release_tasks.formats.safetensors_header import TensorSpec, parse_header
from release_tasks.formats.safetensors_writer import dump_header, dump_prefix, lay_out
from release_tasks.formats.tar_archive import write_tar
from release_tasks.formats.zip_archive import write_zip
from release_tasks.records.digest import Digest
from release_tasks.records.identity import FileEntry, exact_root, root, tree_digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, Manifest, ManifestFile, TensorDigests

NAME, VERSION = "tiny", "1.0.0"
CONFIG = b'{"layers": 2}\n'
FLOATS = struct.pack("<6f", 0.5, -1.0, 2.0, 3.25, 4.0, -0.0)
COUNTS = struct.pack("<3q", 1, -2, 3)
BRAINS = bytes.fromhex("803f0040")  # BF16 1.0 and 2.0


def safetensors(tensors: Mapping[str, tuple[str, tuple[int, ...], bytes]]) -> bytes:
    """Render a canonical file from name → (dtype, shape, bytes)."""
    places = lay_out(TensorSpec(name=name, dtype=one[0], shape=one[1]) for name, one in tensors.items())
    header = dump_header(places, None)
    return dump_prefix(header) + header + b"".join(tensors[place.name][2] for place in places)


WEIGHTS = safetensors(
    {"w": ("F32", (2, 3), FLOATS), "ids": ("I64", (3,), COUNTS), "half": ("BF16", (2,), BRAINS)}
)
SHARDS = {
    "model-00001-of-00002.safetensors": safetensors({"w": ("F32", (2, 3), FLOATS)}),
    "model-00002-of-00002.safetensors": safetensors({"ids": ("I64", (3,), COUNTS)}),
}
INDEX = (
    b'{"metadata":{"total_size":48},"weight_map":{"ids":"model-00002-of-00002.safetensors",'
    b'"w":"model-00001-of-00002.safetensors"}}\n'
)

# path → (role, class, media type, bytes); metadata.json is made from the others.
Parts = dict[str, tuple[str, str, str, bytes]]
_JSON = "application/json"
PARTS: Parts = {
    "README.txt": ("readme", "derived", "text/plain", b"A tiny release.\n"),
    "config.json": ("config", "exact", _JSON, CONFIG),
    "evidence/environment.json": ("environment", "recorded", _JSON, b'{"kind":"environment"}\n'),
    "evidence/policy.json": ("policy", "recorded", _JSON, b'{"gates":{}}\n'),
    "evidence/verdict.json": ("verdict", "derived", _JSON, b'{"decision":"PASS"}\n'),
    "model.safetensors": ("weights", "exact", "application/vnd.safetensors", WEIGHTS),
    "tokenizer.json": ("tokenizer", "exact", _JSON, b'{"version": "1.0"}\n'),
}
SHARDED: Parts = {
    **{path: part for path, part in PARTS.items() if path != "model.safetensors"},
    **{path: ("weights", "exact", "application/vnd.safetensors", data) for path, data in SHARDS.items()},
    "model.safetensors.index.json": ("weights-index", "exact", _JSON, INDEX),
}


def entry(path: str, data: bytes) -> FileEntry:
    """Describe bytes as the identity does."""
    sha = Digest("sha256", hashlib.sha256(data).hexdigest())
    return FileEntry(path, len(data), sha, Digest("blake3", blake3(data).hexdigest()))


def manifest_file(path: str, role: str, cls: str, media_type: str, data: bytes) -> ManifestFile:
    """Describe one file as MANIFEST.json does, weights with the digests of their tensors."""
    assert cls in {"exact", "derived", "recorded"}
    tensors = tensor_digests(data) if role == "weights" else None
    return ManifestFile(
        entry=entry(path, data),
        media_type=media_type,
        role=role,
        cls=cls,  # type: ignore[arg-type]
        tensors=tensors,
    )


def tensor_digests(data: bytes) -> TensorDigests:
    """Hash the header and each tensor of a safetensors file."""
    begin = 8 + int.from_bytes(data[:8], "little")
    header = parse_header(data[8:begin], payload_size=len(data) - begin)
    spans = {one.name: data[begin + one.start : begin + one.end] for one in header.tensors}
    return TensorDigests(
        header=Digest("blake3", blake3(data[:begin]).hexdigest()),
        tensors=tuple((name, Digest("blake3", blake3(spans[name]).hexdigest())) for name in sorted(spans)),
    )


def metadata(files: tuple[ManifestFile, ...]) -> JSONObject:
    """Make the metadata that fits these files; what a test release lacks is null with a reason."""
    exact = exact_root(file.entry for file in files if file.cls == "exact")
    weights = [file for file in files if file.role == "weights"]
    model = tree_digest((file.path, file.entry.sha256.hex) for file in weights)
    sha = {file.path: str(file.entry.sha256) for file in files}
    value: JSONObject = {
        "schema_version": 1,
        "name": NAME,
        "version": VERSION,
        "release_type": "model",
        "dataset_version": None,
        "dataset_hash": None,
        "tokenizer_version": None,
        "tokenizer_hash": sha.get("tokenizer.json"),
        "model_hash": str(weights[0].entry.sha256 if len(weights) == 1 else model),
        "config_hash": sha.get("config.json") or sha.get("config.yaml"),
        "git_commit": "0123456789" * 4,
        "git_commit_short": "0123456",
        "git_dirty": False,
        "training_seed": 7,
        "date": "2026-01-31T00:00:00Z",
        "metrics_summary": {"loss": 0.5},
        "docs_version": None,
        "architecture": "tiny",
        "license": "Apache-2.0",
        "exact_root": str(exact),
    }
    reasons: dict[str, JSON] = {key: "a test release has none" for key in value if value[key] is None}
    value["reasons"] = reasons
    return value


def release_files(parts: Parts = PARTS) -> dict[str, bytes]:
    """Make every file of a whole release, by path."""
    listed = [manifest_file(path, *part) for path, part in parts.items()]
    if "metadata.json" not in parts:
        data = dump_canonical(metadata(tuple(listed)))
        parts = {**parts, "metadata.json": ("metadata", "derived", _JSON, data)}
        listed.append(manifest_file("metadata.json", *parts["metadata.json"]))
    listed.sort(key=lambda file: file.path)
    manifest = Manifest(
        contract="model/1",
        name=NAME,
        version=VERSION,
        exact_root=exact_root(file.entry for file in listed if file.cls == "exact"),
        files=tuple(listed),
    )
    return seal({path: part[3] for path, part in parts.items()}, manifest)


def seal(files: Mapping[str, bytes], manifest: Manifest) -> dict[str, bytes]:
    """Add MANIFEST.json and checksum.txt that fit each other."""
    data = dump_canonical(manifest.to_json())
    stated = [(file.path, file.entry.sha256) for file in manifest.files]
    checksums = dump_checksums([*stated, (MANIFEST, entry(MANIFEST, data).sha256)])
    return {**files, MANIFEST: data, CHECKSUMS: checksums}


def restate(manifest: Manifest, path: str, **fields: object) -> Manifest:
    """Tell another story about one file of a manifest."""
    files = tuple(
        replace(file, **fields) if file.path == path else file  # type: ignore[arg-type]
        for file in manifest.files
    )
    return replace(manifest, files=files)


def root_of(files: Mapping[str, bytes]) -> Digest:
    """The identity of a release, computed from its bytes alone."""
    return root(entry(path, data) for path, data in files.items())


def write_release(folder: Path, files: Mapping[str, bytes] | None = None) -> Path:
    """Write the files of a release below a new folder and return it."""
    for path, data in (release_files() if files is None else files).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        place.chmod(0o644)
    return folder


def archive(files: Mapping[str, bytes], kind: str, *, folder: str = f"{NAME}-{VERSION}") -> bytes:
    """Render a release as the bytes of a canonical `tar` or `zip`."""
    members = [_member(path, data) for path, data in files.items()]
    out = io.BytesIO()
    (write_tar if kind == "tar" else write_zip)(out, folder, members)
    return out.getvalue()


def _member(path: str, data: bytes) -> Member:
    return Member(path=path, size=len(data), open=lambda: io.BytesIO(data))
