"""Read the release in a canonical tar or zip in one pass, for verification; nothing is ever extracted.

An offline bundle carries more than the release: its attestations and how to verify it. Of that only names are
looked at here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from release_tasks.errors import FormatError, IntegrityError
from release_tasks.formats.archive_member import ReadMember
from release_tasks.formats.offline_bundle import released_members
from release_tasks.formats.safetensors_header import PREFIX_BYTES, prefix_length
from release_tasks.formats.tar_archive import read_tar_members
from release_tasks.formats.zip_archive import read_zip_members
from release_tasks.records.release_contents import (
    MAX_RECORD_BYTES,
    OWN_RECORDS,
    TREE,
    Contents,
    FoundFile,
    Problem,
    ProblemCode,
)
from release_tasks.system.hashing import StreamHashes, available_cores
from release_tasks.system.release_tree import TENSOR_SUFFIX, found_in_memory
from release_tasks.system.safetensors_file import Layout, layout_of
from release_tasks.system.stat_key import StatKey
from release_tasks.system.storage import open_regular, storage_errors

_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstandard", b"BZ": "bzip2", b"\xfd7": "xz"}


def read_release_archive(archive: Path, *, full: bool = False, tensors: bool = True) -> Contents:
    """Read a tar or zip that release_tasks wrote; digests as `read_release_tree` computes them.

    An archive that our writer would not have written is one ARCHIVE problem, and what came before it counts.
    Raises StorageError when the system refuses, IntegrityError for anything but a regular file.
    """
    fd, _ = open_regular(archive, follow=True)
    files: list[FoundFile] = []
    kept: dict[str, bytes] = {}
    folder: str | None = None
    problem: Problem | None = None
    stream = os.fdopen(fd, "rb")  # chunks are larger than its buffer and pass it by
    with stream, storage_errors(archive), ThreadPoolExecutor(2) as pool:
        try:
            for member in released_members(_reader(stream)(stream)):
                folder = member.folder
                files.append(_read_member(member, kept, pool, full=full, tensors=full and tensors))
        except (FormatError, IntegrityError) as error:
            found = ": ".join(text for text in (error.what, error.found) if text)
            wanted = error.wanted or "an archive as release_tasks writes it"
            where = (error.where or "").removeprefix("member ") or TREE
            problem = Problem(code=ProblemCode.ARCHIVE, path=where, wanted=wanted, found=found)
    return Contents(
        files=tuple(files),
        kept=kept,
        problems=() if problem is None else (problem,),
        folder=folder,
        complete=problem is None,
        tensors_read=full and tensors,
    )


def unpack_members(archive: Path, paths: frozenset[str], folder: Path) -> None:
    """Write these files of an archive below a new folder of the caller's, and stop at the last of them.

    For archives that were read before: what is wrong with a member is raised, as FormatError or
    IntegrityError. Raises StorageError when the system refuses.
    """
    left = set(paths)
    fd, _ = open_regular(archive, follow=True)
    with os.fdopen(fd, "rb") as stream, storage_errors(folder):
        for member in released_members(_reader(stream)(stream)) if left else ():
            if member.path in left:
                place = folder / member.path
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("xb") as out:
                    out.writelines(member.chunks)
                left.remove(member.path)
                if not left:
                    return


def _reader(stream: BinaryIO) -> Callable[[BinaryIO], Iterator[ReadMember]]:
    """Choose by the first bytes, never by the name; raises FormatError for a compressed file."""
    first = stream.read(2)
    stream.seek(0)
    if first in _PACKED:
        raise FormatError(
            "the archive is compressed", wanted="a plain tar or a stored zip", found=_PACKED[first]
        )
    return read_zip_members if first == b"PK" else read_tar_members


def _read_member(
    member: ReadMember, kept: dict[str, bytes], pool: ThreadPoolExecutor, *, full: bool, tensors: bool
) -> FoundFile:
    if member.path in OWN_RECORDS and member.size <= MAX_RECORD_BYTES:
        data = b"".join(member.chunks)
        kept[member.path] = data
        return found_in_memory(member.path, data, mode=None)
    head: list[bytes] = []
    layout = _read_layout(member, head) if tensors and member.path.endswith(TENSOR_SUFFIX) else None
    ranges = () if layout is None else layout.ranges
    hashes = StreamHashes(sha256=full, blake3=True, ranges=ranges, threads=1 if full else available_cores())
    _feed(hashes, chain(head, member.chunks), pool)
    computed = hashes.finish(size=member.size, key=StatKey(member.size, 0, 0, 0, 0), began_ns=0)
    return FoundFile(
        path=member.path,
        size=member.size,
        mode=None,
        sha256=computed.sha256,
        blake3=computed.blake3,
        tensors=None if layout is None else layout.digests(computed.ranges),
    )


def _feed(hashes: StreamHashes, chunks: Iterable[bytes], pool: ThreadPoolExecutor) -> None:
    """Hash one chunk beside the reading (and the CRC-32 of a zip) of the next."""
    pending: tuple[Future[None], ...] = ()
    for chunk in chunks:
        for future in pending:
            future.result()
        piece = memoryview(chunk)
        pending = (pool.submit(hashes.update_blake3, piece), pool.submit(hashes.update_sha256, piece))
    for future in pending:
        future.result()


def _read_layout(member: ReadMember, head: list[bytes]) -> Layout | None:
    """Read on until the header is complete; `head` gets every byte read. None for a malformed file."""
    data = bytearray()

    def fill(count: int) -> None:
        while len(data) < count:
            chunk = next(member.chunks, b"")
            if not chunk:
                return
            head.append(chunk)
            data.extend(chunk)

    try:
        fill(PREFIX_BYTES)
        length = prefix_length(bytes(data[:PREFIX_BYTES]), file_size=member.size)
        fill(PREFIX_BYTES + length)
        text = bytes(data[PREFIX_BYTES : PREFIX_BYTES + length])
        return layout_of(text, file_size=member.size, where=member.path)
    except FormatError:
        return None
