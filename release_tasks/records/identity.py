"""The identity of a release: two digests over sorted, length-prefixed entries (docs/reference/identity.md).

`root` covers every file of the tree, `exact_root` only those of class `exact`. Names, sizes and both hashes
are bound, so that no two different trees share a root and no file can be told two stories.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from release_tasks.records.digest import Digest, sha256

VERSION = 1
_DOMAIN = b"release_tasks/identity/1/"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One regular file of a tree: NFC POSIX path, size in bytes, both digests of its content."""

    path: str
    size: int
    sha256: Digest
    blake3: Digest


def _encode(domain: bytes, entries: Iterable[FileEntry]) -> Iterable[bytes]:
    files = sorted(entries, key=lambda entry: entry.path.encode("utf-8"))
    yield _DOMAIN + domain + b"\n"
    yield struct.pack("<QQ", len(files), sum(entry.size for entry in files))
    for entry in files:
        name = entry.path.encode("utf-8")
        yield struct.pack("<I", len(name)) + name + b"f" + struct.pack("<Q", entry.size)
        yield bytes.fromhex(entry.sha256.hex) + bytes.fromhex(entry.blake3.hex)


def identity_bytes(entries: Iterable[FileEntry], *, exact: bool = False) -> bytes:
    """Encode the entries as they are hashed, byte for byte as the specification says."""
    return b"".join(_encode(b"exact" if exact else b"tree", entries))


def root(entries: Iterable[FileEntry]) -> Digest:
    """Hash every file of a release tree into its identity."""
    return sha256(hashlib.sha256(identity_bytes(entries)).hexdigest())


def exact_root(entries: Iterable[FileEntry]) -> Digest:
    """Hash the files of class `exact`, which two people who build from scratch must share."""
    return sha256(hashlib.sha256(identity_bytes(entries, exact=True)).hexdigest())


def tree_digest(entries: Iterable[tuple[str, str]]) -> Digest:
    """Hash (path, sha256 hex) pairs, sorted by path and length-prefixed, so a rename changes it (K22)."""
    hasher = hashlib.sha256(b"release_tasks/tree/1\n")
    for path, hex_digits in sorted(entries):
        name = path.encode("utf-8")
        hasher.update(struct.pack("<I", len(name)) + name + bytes.fromhex(hex_digits))
    return sha256(hasher.hexdigest())
