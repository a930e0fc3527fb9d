"""What a wheel or a source archive says of itself, and where it contradicts itself (C4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from packaging.metadata import parse_email
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from release_tasks.errors import FormatError, PathError
from release_tasks.formats.wheel_record import parse_wheel_record
from release_tasks.records.archive_listing import Listing, Member
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.paths import fold, safe_relpath

Kind = Literal["wheel", "sdist"]

# Bytes that are looked into, by the ends of their names.
KEPT = {
    "wheel": (".dist-info/METADATA", ".dist-info/RECORD", ".dist-info/WHEEL"),
    "sdist": ("/PKG-INFO",),
}
# Members that RECORD lists without a digest, or not at all (PyPA, "Binary distribution format").
_UNRECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_MARKS = re.compile(r"(?:^|[.])(?:dirty|unknown|g[0-9a-f]{7,40}|d[0-9]{8})(?:$|[.])")


@frozen
class Identity:
    """Name and version, both in their normal form."""

    name: str
    version: str


def fallback_reason(version: str) -> str | None:
    """Say why a version is one that a build tool falls back to, or None for one that somebody chose.

    Tools that ask version control give such versions without tags or with uncommitted changes; C4 has
    `0.0.0-dev`. Raises InvalidVersion for what PEP 440 does not know.
    """
    found = Version(version)
    if not any(found.release):
        return "0.0.0 stands where no version was found"
    if found.is_devrelease:
        return "a development version, made where the commit has no tag"
    if found.local is not None and _MARKS.search(found.local):
        return f"made from an unmarked commit or a changed tree, +{found.local}"
    return None


def file_identity(name: str, kind: Kind) -> Identity:
    """Read name and version off a file name; raises FormatError for a name that the standards do not have."""
    try:
        if kind == "wheel":
            project, version, _, _ = parse_wheel_filename(name)
        else:
            project, version = parse_sdist_filename(name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion) as error:
        wanted = "NAME-VERSION-PYTHON-ABI-PLATFORM.whl" if kind == "wheel" else "NAME-VERSION.tar.gz"
        raise FormatError("file name of another form", wanted=wanted, found=str(error), where=name) from None
    return Identity(name=project, version=str(version))


def normal_version(text: str) -> str | None:
    """A version in the normal form of PEP 440, None when it is none there."""
    try:
        return str(Version(text))
    except InvalidVersion:
        return None


def examine(name: str, kind: Kind, listing: Listing) -> JSONObject:
    """Describe one archive for the evidence; raises FormatError when it is not what its suffix says."""
    stated = file_identity(name, kind)
    folder = _about(listing, kind)
    inside = _metadata(listing.kept[f"{folder}/{'METADATA' if kind == 'wheel' else 'PKG-INFO'}"], name)
    return {
        "kind": kind,
        "name": stated.name,
        "version": stated.version,
        "inside_name": inside.name,
        "inside_version": inside.version,
        "fallback": fallback_reason(inside.version) or fallback_reason(stated.version),
        "members": len(listing.members),
        "unsafe": _rows(_unsafe(listing, None if kind == "wheel" else folder)),
        "record": _rows(_against_record(listing, folder, name)) if kind == "wheel" else [],
    }


def _rows(found: Iterator[tuple[str, str]]) -> list[JSON]:
    return [{"member": ascii(member)[1:-1][:200], "problem": problem} for member, problem in found]


def _about(listing: Listing, kind: Kind) -> str:
    """The folder of the archive that describes it: `*.dist-info`, or the one at the top of an sdist."""
    needed = ("METADATA", "WHEEL", "RECORD") if kind == "wheel" else ("PKG-INFO",)
    folders = [path.rpartition("/")[0] for path in listing.kept if path.endswith(f"/{needed[0]}")]
    folders = [folder for folder in folders if folder and "/" not in folder]
    what = "one folder NAME-VERSION.dist-info" if kind == "wheel" else "one folder NAME-VERSION with PKG-INFO"
    if len(folders) != 1:
        found = ", ".join(sorted(folders)) or "none"
        raise FormatError("the archive does not describe itself", wanted=what, found=ascii(found)[1:-1][:200])
    missing = [file for file in needed if f"{folders[0]}/{file}" not in listing.kept]
    if missing:
        raise FormatError("the archive does not describe itself", wanted=", ".join(missing), found="none")
    return folders[0]


def _metadata(data: bytes, where: str) -> Identity:
    raw, _ = parse_email(data)
    name, version = raw.get("name"), raw.get("version")
    normal = None if version is None else normal_version(version)
    if name is None or normal is None:
        raise FormatError(
            "the metadata inside lack name or version",
            wanted="Name, and a Version of PEP 440",
            found=ascii(f"{name}, {version}")[1:-1][:200],
            where=where,
        )
    return Identity(name=canonicalize_name(name), version=normal)


def _unsafe(listing: Listing, top: str | None) -> Iterator[tuple[str, str]]:
    """Members whose name leads out of the tree, that collide, or that are no plain files."""
    taken: dict[str, Member] = {}
    for member in listing.members:
        name = member.name.removesuffix("/")
        try:
            safe_relpath(name)
        except PathError as error:
            yield member.name, error.what
            continue
        if member.other is not None:
            yield member.name, f"it is {member.other}"
        if top is not None and name != top and not name.startswith(f"{top}/"):
            yield member.name, f"it is not below {top}"
        other = taken.setdefault(fold(name), member)
        if other is not member and not (member.sha256 is None and other.sha256 is None):
            yield member.name, f"two members have this name on some systems: {ascii(other.name)[1:-1][:200]}"


def _against_record(listing: Listing, folder: str, where: str) -> Iterator[tuple[str, str]]:
    """Every difference between the members and RECORD, which lists all of them but itself."""
    record = parse_wheel_record(listing.kept[f"{folder}/RECORD"], where=where)
    stated = {row.path: row for row in record}
    exempt = {f"{folder}/{name}" for name in _UNRECORDED}
    counts = Counter(member.name for member in listing.members)
    for path, member in sorted(listing.files.items()):
        row = stated.get(path)
        if path in exempt:
            continue
        if row is None:
            yield path, "RECORD does not list it"
        elif row.sha256 is None or row.size is None:
            yield path, "RECORD states no digest and size of it"
        elif (row.sha256, row.size) != (member.sha256, member.size) or counts[path] > 1:
            yield path, "its bytes are not those that RECORD states"
    for path in sorted(stated.keys() - listing.files.keys()):
        yield path, "RECORD lists it, and it is not there"
