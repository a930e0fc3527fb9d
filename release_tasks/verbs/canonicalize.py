"""`canonicalize`: give a valid safetensors file the one canonical header; tensors keep their bytes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

from blake3 import blake3

from release_tasks.errors import ConfigError, IntegrityError
from release_tasks.formats.safetensors_header import PREFIX_BYTES, Header, TensorInfo
from release_tasks.formats.safetensors_writer import dump_header, dump_prefix, is_canonical, lay_out
from release_tasks.records.frozen_record import frozen
from release_tasks.system.disk import fsync_dir
from release_tasks.system.safetensors_file import read_header
from release_tasks.system.stat_key import StatKey, stat_key
from release_tasks.system.storage import OPEN_SAFELY, storage_errors

_CHUNK = 4 << 20  # bytes; all that is held in memory, whatever the size of a tensor


@frozen
class Canonicalized:
    """The canonical file, whether its bytes differ from those of the source, and how many tensors it has."""

    path: Path
    changed: bool
    tensors: int


def canonicalize(path: Path, *, output: Path | None = None) -> Canonicalized:
    """Write a safetensors file in canonical form: in place, or to `output`, which must not exist yet.

    Tensors are copied one by one in constant memory into a file beside the target, flushed, read back and
    compared before that file takes the target's place; a canonical file is not rewritten in place. Until then
    nothing is changed. Raises FormatError for a malformed file, ConfigError for an output that exists and for
    a link as the file to rewrite, IntegrityError when the source changes meanwhile or the disk does not keep
    what was written, StorageError when the system refuses.
    """
    target = path if output is None else output
    _refuse_target(path, output)
    with storage_errors(path):
        before = stat_key(path)
    raw, header = read_header(path, where=str(path))
    changed = not is_canonical(raw, header)
    if changed or output is not None:
        _rewrite(path, target, raw, header, before)
    return Canonicalized(path=target, changed=changed, tensors=len(header.tensors))


def _refuse_target(path: Path, output: Path | None) -> None:
    if output is None and path.is_symlink():
        raise ConfigError(
            "a link is not rewritten in place",
            wanted="the file itself",
            found=f"a link to {path.resolve()}",
            where=str(path),
            hint="name a file for the result with --output; what the link points to may belong to a cache",
        )
    if output is not None and os.path.lexists(output):
        raise ConfigError(
            "the output exists already",
            wanted="a new file",
            where=str(output),
            hint="remove it or choose another name",
        )


@frozen
class _Rewrite:
    """One file as it is (`starts`: where tensors begin) and as it will be (`head`: all before tensors)."""

    source: Path
    starts: dict[str, int]
    head: bytes
    placed: tuple[TensorInfo, ...]

    @property
    def size(self) -> int:
        """The size of the new file in bytes."""
        return len(self.head) + (self.placed[-1].end if self.placed else 0)


def _rewrite(source: Path, target: Path, raw: bytes, header: Header, before: StatKey) -> None:
    metadata = None if header.metadata is None else dict(header.metadata)
    new_header = dump_header(header.tensors, metadata)
    rewrite = _Rewrite(
        source=source,
        starts={tensor.name: PREFIX_BYTES + len(raw) + tensor.start for tensor in header.tensors},
        head=dump_prefix(new_header) + new_header,
        placed=lay_out(header.tensors),
    )
    temporary = target.parent / f".{target.name[:100]}.{secrets.token_hex(8)}.tmp"
    try:
        with storage_errors(target):
            digests = _copy(rewrite, temporary)
            _check_copy(rewrite, temporary, digests, where=str(target))
        _refuse_changed(source, before)
        with storage_errors(target):
            os.replace(temporary, target)  # noqa: PTH105 - the one that replaces on Windows, too
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    fsync_dir(target.parent)


def _copy(rewrite: _Rewrite, temporary: Path) -> dict[str, str]:
    """Write the new file and flush it; return the digest of each tensor as it was read from the source."""
    digests: dict[str, str] = {}
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OPEN_SAFELY, 0o600)
    with os.fdopen(fd, "wb", buffering=0) as writing, rewrite.source.open("rb", buffering=0) as reading:
        writing.truncate(rewrite.size)  # the file system can lay it out at once (measured: faster)
        _write_all(writing, rewrite.head)
        for tensor in rewrite.placed:
            hasher = blake3()
            for piece in _pieces(reading, rewrite.starts[tensor.name], tensor.end - tensor.start):
                hasher.update(piece)
                _write_all(writing, piece)
            digests[tensor.name] = hasher.hexdigest()
        os.fsync(writing.fileno())
        if hasattr(os, "posix_fadvise"):  # what is read back then comes from the disk, not from memory
            os.posix_fadvise(writing.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        temporary.chmod(os.fstat(reading.fileno()).st_mode & 0o777)
    return digests


def _check_copy(rewrite: _Rewrite, temporary: Path, digests: dict[str, str], *, where: str) -> None:
    found = {}
    with temporary.open("rb", buffering=0) as file:
        head = b"".join(_pieces(file, 0, len(rewrite.head)))
        for tensor in rewrite.placed:
            hasher = blake3()
            for piece in _pieces(file, len(head) + tensor.start, tensor.end - tensor.start):
                hasher.update(piece)
            found[tensor.name] = hasher.hexdigest()
    different = [name for name, digest in digests.items() if found[name] != digest]
    if different or head != rewrite.head:
        raise IntegrityError(
            "the disk did not keep what was written",
            wanted="the tensors of the source, byte for byte",
            found=f"other bytes in tensor {different[0]}" if different else "another header",
            where=where,
            hint="nothing was replaced; check the disk and its file system, or use another one",
        )


def _refuse_changed(source: Path, before: StatKey) -> None:
    with storage_errors(source):
        now = stat_key(source)
    if now != before:
        raise IntegrityError(
            "the file changed while it was rewritten",
            wanted="a file that stays as it is",
            found="another size, time or inode",
            where=str(source),
            hint="nothing was replaced; run again when nobody writes it",
        )


def _write_all(file: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _pieces(file: FileIO, start: int, size: int) -> Iterator[bytes]:
    file.seek(start)
    while size > 0:
        piece = file.read(min(size, _CHUNK))
        if not piece:
            raise IntegrityError(
                "the file ended while it was read", wanted=f"{size} more bytes", where=str(file.name)
            )
        size -= len(piece)
        yield piece
