"""MANIFEST.json: every file of a release but itself and checksum.txt, with what each is and hashes to."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.errors import FormatError
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.identity import FileEntry
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.paths import refuse_collisions, safe_relpath
from release_tasks.records.step import Class

SCHEMA_VERSION = 1
MANIFEST = "MANIFEST.json"
CHECKSUMS = "checksum.txt"


@frozen
class TensorDigests:
    """BLAKE3 of a safetensors header (its length prefix included) and of each tensor's bytes, by name."""

    header: Digest
    tensors: tuple[tuple[str, Digest], ...]


@frozen
class ManifestFile:
    """One file: its entry in the identity, media type, role and reproducibility class."""

    entry: FileEntry
    media_type: str
    role: str
    cls: Class
    tensors: TensorDigests | None = None

    @property
    def path(self) -> str:
        """Relative path inside the release."""
        return self.entry.path


@frozen
class Manifest:
    """The whole record, files sorted by path."""

    contract: str
    name: str
    version: str
    exact_root: Digest
    files: tuple[ManifestFile, ...]

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "contract": self.contract,
            "name": self.name,
            "version": self.version,
            "exact_root": str(self.exact_root),
            "files": [_file_json(file) for file in self.files],
        }


def _file_json(file: ManifestFile) -> JSONObject:
    out: JSONObject = {
        "path": file.path,
        "size": file.entry.size,
        "sha256": file.entry.sha256.hex,
        "blake3": file.entry.blake3.hex,
        "media_type": file.media_type,
        "role": file.role,
        "class": file.cls,
    }
    if file.tensors is not None:
        out["header_blake3"] = file.tensors.header.hex
        out["tensors"] = {name: digest.hex for name, digest in file.tensors.tensors}
    return out


def _refuse(found: str, where: str) -> FormatError:
    return FormatError(
        "the manifest is not one that release_tasks writes", found=found, where=f"{MANIFEST}: {where}"
    )


def _parse_file(value: JSON, where: str) -> ManifestFile:
    match value:
        case {
            "path": str() as path,
            "size": int() as size,
            "sha256": str() as sha,
            "blake3": str() as blake,
            "media_type": str() as media_type,
            "role": str() as role,
            "class": "exact" | "derived" | "recorded" as cls,
            **rest,
        } if not isinstance(size, bool) and size >= 0:
            entry = FileEntry(
                safe_relpath(path, where=where), size, Digest("sha256", sha), Digest("blake3", blake)
            )
            return ManifestFile(
                entry=entry, media_type=media_type, role=role, cls=cls, tensors=_parse_tensors(rest, where)
            )
        case _:
            raise _refuse("a file entry with missing, extra or mistyped keys", where)


def _parse_tensors(rest: Mapping[object, object], where: str) -> TensorDigests | None:
    match rest:
        case {"header_blake3": str() as header, "tensors": dict() as tensors, **more} if not more:
            return TensorDigests(
                header=Digest("blake3", header),
                tensors=tuple((name, Digest("blake3", str(text))) for name, text in sorted(tensors.items())),
            )
        case _ if rest:
            raise _refuse(f"unknown keys {', '.join(sorted(map(str, rest)))}", where)
        case _:
            return None


def manifest_from_json(value: JSON) -> Manifest:
    """Read MANIFEST.json's value; raises FormatError for any other shape, PathError for a hostile name."""
    match value:
        case {
            "schema_version": 1,
            "contract": str() as contract,
            "name": str() as name,
            "version": str() as version,
            "exact_root": str() as exact,
            "files": list() as rows,
            **rest,
        } if not rest:
            files = tuple(_parse_file(row, f"files[{number}]") for number, row in enumerate(rows))
        case _:
            raise _refuse("missing, extra or mistyped keys", "top level")
    paths = [file.path for file in files]
    if paths != sorted(set(paths)) or MANIFEST in paths or CHECKSUMS in paths:
        raise _refuse("files that are unsorted, doubled, or the manifest itself", "files")
    refuse_collisions([*paths, MANIFEST, CHECKSUMS], where=MANIFEST)
    algorithm, _, digits = exact.partition(":")
    return Manifest(
        contract=contract, name=name, version=version, exact_root=Digest(algorithm, digits), files=files
    )
