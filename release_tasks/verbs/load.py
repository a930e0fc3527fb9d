"""Open a release for use: verified first, each tensor hashed in the very buffer that is handed out."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import yaml
from blake3 import blake3 as new_blake3

from release_tasks.errors import ConfigError, FormatError, IntegrityError, YankedWarning
from release_tasks.formats.safetensors_header import (
    PREFIX_BYTES,
    Header,
    TensorInfo,
    parse_header,
    prefix_length,
)
from release_tasks.formats.safetensors_numpy import RawTensor
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.release_check import Checked, check_release
from release_tasks.records.digest import Digest
from release_tasks.records.json_value import JSONObject
from release_tasks.records.manifest import Manifest, ManifestFile, TensorDigests
from release_tasks.records.release_contents import METADATA
from release_tasks.system.hashing import available_cores
from release_tasks.system.release_tree import read_release_tree
from release_tasks.system.storage import open_regular, storage_errors
from release_tasks.system.yank_file import read_yank
from release_tasks.verbs.verify import parse_root

_KEEP = frozenset({"tokenizer", "preprocessor", "config"})
_SKIP = frozenset({"weights", "gguf"})
_WIDE = 1 << 20  # bytes; below this one thread hashes faster than several
_PROBLEMS_SHOWN = 10

_Buffer = npt.NDArray[np.uint8]

# Little-endian, as the format has them; BF16, F8, F6 and F4 are not here because numpy has no such type.
_DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "I16": "<i2",
    "U16": "<u2",
    "F16": "<f2",
    "I32": "<i4",
    "U32": "<u4",
    "F32": "<f4",
    "C64": "<c8",
    "F64": "<f8",
    "I64": "<i8",
    "U64": "<u8",
}


class VerifiedRelease:
    """A release directory whose records and small files are verified; weights are verified as they are read.

    `name`, `version`, `root` and `exact_root` are what was verified; whoever needs to know the origin gives
    `root` to `load`. Safe to read from several threads.
    """

    def __init__(self, folder: Path, checked: Checked, kept: Mapping[str, bytes]) -> None:
        if checked.manifest is None or checked.root is None or checked.exact_root is None:
            raise AssertionError("BUG: a release without problems has a manifest and roots")
        self._folder = folder
        self._manifest: Manifest = checked.manifest
        self._kept = kept
        self._headers: dict[str, tuple[int, Header]] = {}
        self._weights = {file.path: file for file in self._manifest.files if file.role == "weights"}
        self._where = _tensor_files(self._weights)
        self.root: Digest = checked.root
        self.exact_root: Digest = checked.exact_root

    @property
    def name(self) -> str:
        """The name of the release."""
        return self._manifest.name

    @property
    def version(self) -> str:
        """The version of the release."""
        return self._manifest.version

    @property
    def metadata(self) -> JSONObject:
        """metadata.json, parsed anew at every call."""
        value = parse_strict(self._kept[METADATA], where=METADATA)
        return cast("JSONObject", value)  # check_metadata saw to it

    @property
    def config(self) -> object:
        """The model's configuration: config.json, else config.yaml as PyYAML's safe loader reads it.

        Raises FormatError when it is neither JSON nor YAML.
        """
        if "config.json" in self._kept:
            return parse_strict(self._kept["config.json"], where="config.json")
        path = self._path_of_role("config")
        try:
            return yaml.safe_load(self._kept[path])
        except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
            raise FormatError(
                "the configuration is not YAML", found=str(error).splitlines()[0], where=path
            ) from None

    @property
    def tokenizer_bytes(self) -> bytes:
        """The tokenizer as it was verified; of a model without text, its preprocessor."""
        return self._kept[self._path_of_role("tokenizer", "preprocessor")]

    def tensors(self) -> tuple[str, ...]:
        """The names of all tensors of all files of weights, sorted."""
        return tuple(sorted(self._where))

    def header(self, file: str) -> Header:
        """The header of one file of weights; raises IntegrityError when it is not the one of the manifest."""
        if file not in self._weights:
            raise ConfigError(
                "no such file of weights", wanted=", ".join(sorted(self._weights)), found=ascii(file)[:200]
            )
        return self._layout(self._weights[file])[1]

    def raw(self, name: str) -> RawTensor:
        """Read one tensor as little-endian bytes in C order, of any dtype; errors as `tensor`.

        `buffer` is a read-only view of the memory that was hashed. BF16 as numpy's uint16:
        `np.frombuffer(raw.buffer, "<u2").reshape(raw.shape)`.
        """
        info, buffer = self._read(name)
        return RawTensor(dtype=info.dtype, shape=info.shape, buffer=buffer.data)

    def tensor(self, name: str) -> npt.NDArray[Any]:
        """Read one tensor as a read-only array over the memory that was hashed.

        Raises IntegrityError when the bytes are not those of the manifest, ConfigError when no file has such
        a tensor, FormatError for the dtypes that numpy lacks (BF16, F8, F6, F4: use `raw`), StorageError
        when the system refuses.
        """
        info, buffer = self._read(name)
        dtype = _DTYPES.get(info.dtype)
        if dtype is None:
            raise FormatError(
                f"numpy has no dtype for tensor {name}",
                wanted=", ".join(_DTYPES),
                found=info.dtype,
                where=self._where[name].path,
                hint="raw(name) gives dtype, shape and bytes; ml_dtypes or torch can view them",
            )
        array: npt.NDArray[Any] = np.ndarray(info.shape, dtype=dtype, buffer=buffer)
        return array

    def _path_of_role(self, *roles: str) -> str:
        return next(file.path for role in roles for file in self._manifest.files if file.role == role)

    def _layout(self, file: ManifestFile) -> tuple[int, Header]:
        """Where the payload begins, and the header, from bytes that have the manifest's digest."""
        known = self._headers.get(file.path)
        if known is None:
            known = self._headers[file.path] = _read_header(self._folder / file.path, file)
        return known

    def _read(self, name: str) -> tuple[TensorInfo, _Buffer]:
        file = self._where.get(name)
        if file is None:
            raise ConfigError(
                "no such tensor",
                wanted=f"one of {len(self._where)} names that tensors() gives",
                found=ascii(name)[:200],
                where=str(self._folder),
            )
        begin, header = self._layout(file)
        info = next((tensor for tensor in header.tensors if tensor.name == name), None)
        if info is None:
            raise IntegrityError(
                "the header lacks a tensor of the manifest", wanted=name, found="none", where=file.path
            )
        buffer = _read_range(self._folder / file.path, begin + info.start, info.end - info.start)
        wanted = dict(_stated(file).tensors)[name]
        _refuse_other(buffer, wanted, what=f"tensor {name}", where=self._folder / file.path)
        return info, buffer


def load(path: str | os.PathLike[str], root: str | None = None) -> VerifiedRelease:
    """Open a release directory for use.

    Before it returns, every file but the weights (and GGUF) is read and hashed, and every rule of `verify`
    holds; weights are hashed tensor by tensor when they are asked for. `root` is the digest that the caller
    trusts, 64 hex digits with or without `sha256:`; without it the release is only known to be consistent.
    Warns (YankedWarning) when the mark beside the directory says that it is yanked. Raises IntegrityError
    naming what is wrong, ConfigError for a path that is no directory, FormatError for a damaged mark.
    """
    folder = Path(path)
    if folder.is_file():
        raise ConfigError(
            "tensors are loaded from a directory",
            wanted="an unpacked release",
            found="a file",
            where=str(folder),
            hint=f"run 'release-tasks verify {folder}', unpack it, and load the folder",
        )
    anchor = None if root is None else parse_root(root)
    contents = read_release_tree(folder, full=True, keep=_KEEP, skip=_SKIP)
    checked = check_release(contents, anchor=anchor)
    if not checked.ok:
        shown = checked.problems[:_PROBLEMS_SHOWN]
        more = len(checked.problems) - len(shown)
        found = [f"{item.code} {item.path}: wanted {item.wanted}, found {item.found}" for item in shown]
        raise IntegrityError(
            "the release is not whole and unchanged",
            wanted="no problem",
            found="\n".join(found + ([f"and {more} more"] if more else [])),
            where=str(folder),
            hint="fetch it again from where it was published",
        )
    release = VerifiedRelease(folder, checked, contents.kept)
    mark = read_yank(folder.absolute().parent / f"{release.version}.attestations")
    if mark is not None:
        text = f"{release.name} {release.version} is yanked since {mark.at}: {mark.reason}"
        warnings.warn(text, YankedWarning, stacklevel=2)
    return release


def _tensor_files(weights: Mapping[str, ManifestFile]) -> dict[str, ManifestFile]:
    files: dict[str, ManifestFile] = {}
    for file in weights.values():
        for name, _ in _stated(file).tensors:
            if name in files:
                raise IntegrityError(
                    "a tensor is in two files", found=f"{name} in {files[name].path} and {file.path}"
                )
            files[name] = file
    return files


def _stated(file: ManifestFile) -> TensorDigests:
    if file.tensors is None:
        raise AssertionError("BUG: weights without tensor digests break the contract, which was checked")
    return file.tensors


def _read_header(path: Path, file: ManifestFile) -> tuple[int, Header]:
    size = file.entry.size
    length = prefix_length(_read_range(path, 0, PREFIX_BYTES).tobytes(), file_size=size, where=file.path)
    data = _read_range(path, 0, PREFIX_BYTES + length)
    _refuse_other(data, _stated(file).header, what="the header", where=path)
    begin = PREFIX_BYTES + length
    text = data[PREFIX_BYTES:].tobytes()
    return begin, parse_header(text, payload_size=size - begin, where=file.path)


def _read_range(path: Path, start: int, size: int) -> _Buffer:
    """Read `size` bytes at `start` into memory of their own, which nobody else can write to."""
    fd, _ = open_regular(path)
    with io.FileIO(fd, "rb") as stream, storage_errors(path):
        buffer = np.empty(size, dtype=np.uint8)
        stream.seek(start)
        got = 0
        view = buffer.data
        while got < size and (count := stream.readinto(view[got:])):
            got += count
    if got != size:
        raise IntegrityError(
            "the file is cut off",
            wanted=f"{size} bytes at {start}",
            found=f"{got} bytes",
            where=str(path),
        )
    buffer.flags.writeable = False
    return buffer


def _refuse_other(buffer: _Buffer, wanted: Digest, *, what: str, where: Path) -> None:
    threads = available_cores() if buffer.size >= _WIDE else 1
    found = Digest("blake3", new_blake3(buffer.data, max_threads=threads).hexdigest())
    if found != wanted:
        raise IntegrityError(
            f"{what} is not what was released",
            wanted=str(wanted),
            found=str(found),
            where=str(where),
            hint="fetch the release again from where it was published",
        )
