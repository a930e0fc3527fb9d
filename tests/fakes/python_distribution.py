"""Wheels and source archives written by hand, so that tests can spoil them."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from release_tasks.formats.wheel_record import dump_record_digest
from release_tasks.records.digest import sha256


def metadata(name: str = "nice-tool", version: str = "1.2.0") -> bytes:
    """METADATA and PKG-INFO."""
    return f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n\nA tool.\n".encode()


def members(**changes: bytes | None) -> dict[str, bytes]:
    """The members of a sound wheel without RECORD; changes are named METADATA, WHEEL or MODULE."""
    names = {
        "MODULE": ("nice_tool/__init__.py", b'"""A tool."""\n'),
        "METADATA": ("nice_tool-1.2.0.dist-info/METADATA", metadata()),
        "WHEEL": ("nice_tool-1.2.0.dist-info/WHEEL", b"Wheel-Version: 1.0\nTag: py3-none-any\n"),
    }
    found = {path: changes.get(key, data) for key, (path, data) in names.items()}
    return {path: data for path, data in found.items() if data is not None}


def record(files: Mapping[str, bytes]) -> bytes:
    """RECORD of members."""
    lines = [
        f"{path},{dump_record_digest(sha256(hashlib.sha256(data).hexdigest()))},{len(data)}"
        for path, data in files.items()
    ]
    return "\n".join([*lines, "nice_tool-1.2.0.dist-info/RECORD,,"]).encode() + b"\n"


def write_wheel(
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    *,
    added: Mapping[str, bytes] | None = None,
    name: str = "nice_tool-1.2.0-py3-none-any.whl",
) -> Path:
    """Write a wheel whose RECORD speaks of `files`; `added` come after it."""
    path = folder / name
    inside = members() if files is None else files
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in inside.items():
            archive.writestr(member, data)
        archive.writestr("nice_tool-1.2.0.dist-info/RECORD", record(inside))
        for member, data in (added or {}).items():
            archive.writestr(member, data)
    return path


def write_sdist(
    folder: Path, files: Mapping[str, bytes | str] | None = None, *, name: str = "nice_tool-1.2.0.tar.gz"
) -> Path:
    """Write a source archive; a text is the target of a symbolic link."""
    path = folder / name
    with tarfile.open(path, "w:gz") as archive:
        for member, data in (files or {"nice_tool-1.2.0/PKG-INFO": metadata()}).items():
            info = tarfile.TarInfo(member)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path
