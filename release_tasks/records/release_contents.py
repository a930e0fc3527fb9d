"""What was read from a finished release, and the problems that were found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, TensorDigests

METADATA = "metadata.json"
VERDICT = "evidence/verdict.json"
REBUILD = "rebuild.json"  # outside the tree, in the attestations beside it
OWN_RECORDS = frozenset({MANIFEST, CHECKSUMS, METADATA, VERDICT})  # the files that verification itself parses
MAX_RECORD_BYTES = 64 * 2**20  # of each of them
TREE = "."  # the path of a problem that is not about one file


class ProblemCode(StrEnum):
    """Everything that can be wrong with a finished release."""

    MISSING_FILE = "MISSING_FILE"
    EXTRA_FILE = "EXTRA_FILE"
    DIGEST_MISMATCH = "DIGEST_MISMATCH"
    SIZE_MISMATCH = "SIZE_MISMATCH"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    CONTRACT = "CONTRACT"
    CLASS = "CLASS"
    METADATA_MISMATCH = "METADATA_MISMATCH"
    EXACT_ROOT_MISMATCH = "EXACT_ROOT_MISMATCH"
    MODE = "MODE"
    SPECIAL_FILE = "SPECIAL_FILE"
    PATH = "PATH"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    VERDICT = "VERDICT"
    ARCHIVE = "ARCHIVE"
    TENSOR_MISMATCH = "TENSOR_MISMATCH"
    EMPTY_DIRECTORY = "EMPTY_DIRECTORY"


@frozen
class Problem:
    """One thing that is wrong; `path` is inside the release, `.` for the release as a whole."""

    code: ProblemCode
    path: str
    wanted: str
    found: str

    def to_json(self) -> JSONObject:
        """Write the problem as plain JSON."""
        return {"code": str(self.code), "path": self.path, "wanted": self.wanted, "found": self.found}


@frozen
class FoundFile:
    """One regular file: size in bytes, permission bits (None where the place has none), digests computed.

    A digest is None when it was not computed; `tensors` also when the file is no safetensors.
    """

    path: str
    size: int
    mode: int | None
    sha256: Digest | None
    blake3: Digest | None
    tensors: TensorDigests | None = None


@frozen
class Contents:
    """Everything read from one release.

    `kept` holds files as the very bytes that were hashed (OWN_RECORDS and what the reader was asked to keep).
    `folder` is the top folder of an archive. After an archive that breaks off, `complete` is false.
    """

    files: tuple[FoundFile, ...]
    kept: Mapping[str, bytes]
    problems: tuple[Problem, ...] = ()
    folder: str | None = None
    complete: bool = True
    tensors_read: bool = field(default=False)
