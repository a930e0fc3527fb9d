"""`status`: every version of the project, what it is and where it went; read only, and no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from release_tasks.errors import FormatError, ReleaseError
from release_tasks.policy.release_check import read_manifest
from release_tasks.policy.tag_message import binds
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.identity import FileEntry, root
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, Manifest
from release_tasks.records.receipt import RECEIPTS, Receipt
from release_tasks.records.release_contents import METADATA, REBUILD, VERDICT
from release_tasks.records.version import Version, parse_version
from release_tasks.records.yank import YankEvent
from release_tasks.stages.plan import EXPERIMENTS, RELEASES, Plan
from release_tasks.stages.records_io import read_object
from release_tasks.system.git_tag import LocalTag, local_tags
from release_tasks.system.receipts import read_receipt_file, receipt_files
from release_tasks.system.record_file import read_record_file
from release_tasks.system.release_tree import found_in_memory, list_release
from release_tasks.system.yank_file import read_yank
from release_tasks.verbs.rebuild_evidence import read_attested
from release_tasks.verbs.seal_record import pushed_to

State = Literal["sealed", "candidate", "experiment", "rejected"]
_Known = tuple[Digest | None, Digest, JSON]  # root, exact_root and commit of a directory
_REJECTED = ".rejected"
_ATTESTATIONS = ".attestations"


@frozen
class TagRow:
    """The tag of a version; `binds`: its message holds both roots of the directory, its commit built that."""

    name: str
    commit: str
    signed: bool
    binds: bool
    pushed_to: tuple[str, ...]

    def to_json(self) -> JSONObject:
        """Write the row as plain JSON."""
        return {
            "name": self.name,
            "commit": self.commit,
            "signed": self.signed,
            "binds": self.binds,
            "pushed_to": list[JSON](self.pushed_to),
        }


@frozen
class ReleaseRow:
    """One version; what its directory would say is None where it has none here.

    `root` is computed from the digests that its manifest states. `problems` are what is wrong at a glance:
    files that are missing, extra or of another size, and records beside it that cannot be read.
    """

    version: str
    state: State
    folder: str | None
    decision: str | None
    level: int | None
    root: Digest | None
    tag: TagRow | None
    receipts: tuple[Receipt, ...]
    yanked: YankEvent | None
    problems: tuple[str, ...]

    def to_json(self) -> JSONObject:
        """Write the row as plain JSON."""
        mark = self.yanked
        return {
            "version": self.version,
            "state": self.state,
            "folder": self.folder,
            "verdict": self.decision,
            "level": self.level,
            "root": None if self.root is None else str(self.root),
            "tag": None if self.tag is None else self.tag.to_json(),
            "published": [
                {
                    "destination": item.destination,
                    "uri": item.uri,
                    "published_at": item.published_at,
                    "aliases": [move.alias for move in item.aliases or ()],
                }
                for item in self.receipts
            ],
            "yanked": None if mark is None else {"reason": mark.reason, "at": mark.at},
            "problems": list[JSON](self.problems),
        }


def release_rows(plan: Plan) -> tuple[ReleaseRow, ...]:
    """Every version that has a directory here or a tag of this release, lowest first."""
    base = plan.release.root
    tags = {found.tag.name: found for found in local_tags(base)}
    rows = [_row(plan, version, folder, tags) for version, folder in _folders(base)]
    here = {row.version for row in rows if row.state not in {"experiment", "rejected"}}
    tagged = {version for name in tags if (version := _version_of(plan, name)) is not None}
    rows += [_row(plan, version, None, tags) for version in (tagged | _published(base)) - here]
    return tuple(sorted(rows, key=lambda row: _order(plan, row)))


def _folders(base: Path) -> Iterator[tuple[str, Path]]:
    for home in (RELEASES, f"{RELEASES}/{_REJECTED}", EXPERIMENTS):
        for file in sorted((base / home).glob(f"*/{MANIFEST}")):
            if not file.parent.name.startswith(".") and not file.parent.is_symlink():
                yield file.parent.name, file.parent


def _published(base: Path) -> set[str]:
    """Versions that have a receipt, or a link in place of the directory: perhaps nothing else is here."""
    found = {path.name for path in (base / RELEASES).glob("*") if path.is_symlink() and path.is_dir()}
    names = {name.removesuffix(_ATTESTATIONS) for name in found if not name.startswith(".")}
    beside = (base / RELEASES).glob(f"*{_ATTESTATIONS}")
    return names | {folder.name.removesuffix(_ATTESTATIONS) for folder in beside if receipt_files(folder)}


def _version_of(plan: Plan, tag: str) -> str | None:
    """The version that a tag would be of, None for the tag of something else."""
    prefix = "v" if plan.release.scheme == "semver" else f"{plan.release.name}_"
    if not tag.startswith(prefix):
        return None
    try:
        return parse_version(tag.removeprefix(prefix), plan.release.scheme).text
    except ReleaseError:
        return None


def _order(plan: Plan, row: ReleaseRow) -> tuple[bool, object, str, str]:
    try:
        version: Version | None = parse_version(row.version, plan.release.scheme)
    except ReleaseError:
        version = None
    precedence = () if version is None else version.precedence
    return version is None, precedence, row.version, row.state


def _row(plan: Plan, version: str, folder: Path | None, tags: Mapping[str, LocalTag]) -> ReleaseRow:
    base = plan.release.root
    problems: list[str] = []
    if folder is None and (base / RELEASES / version).is_symlink():
        problems.append(f"{RELEASES}/{version} is a symbolic link, which is not followed")
    manifest, digest = (None, None) if folder is None else _identity(folder, problems)
    if folder is not None and manifest is not None:
        problems += _glance(folder, manifest)
    rejected = folder is not None and folder.parent.name == _REJECTED
    home = base / RELEASES if folder is None else folder.parent
    attestations = home / f"{version}.attestations"
    receipts = () if rejected else tuple(_receipts(plan, attestations, digest, problems))
    experiment = folder is not None and folder.parent.name == EXPERIMENTS
    known = None if folder is None or manifest is None else (digest, manifest.exact_root, _commit(folder))
    tag = None if rejected or experiment else _tag(plan, version, tags, known, attestations)
    sealed = tag is not None or (not rejected and receipt_files(attestations))
    state: State = "sealed" if sealed else "candidate"
    state = "rejected" if rejected else "experiment" if experiment else state
    return ReleaseRow(
        version=version,
        state=state,
        folder=None if folder is None else folder.relative_to(base).as_posix(),
        decision=None if folder is None else _decision(folder, problems),
        level=None if digest is None or rejected else _level(attestations, digest, problems),
        root=digest,
        tag=tag,
        receipts=receipts,
        yanked=None if rejected else _yank(attestations, problems),
        problems=tuple(problems),
    )


def _identity(folder: Path, problems: list[str]) -> tuple[Manifest | None, Digest | None]:
    """The manifest, and the root by the digests that it states: nothing large is read."""
    try:
        small = {name: read_record_file(folder / name, where=name) for name in (MANIFEST, CHECKSUMS)}
    except OSError as error:
        problems.append(f"{Path(str(error.filename)).name} cannot be read: {error.strerror}")
        return None, None
    except FormatError as error:
        problems.append(f"{error.where} cannot be read: wanted {error.wanted}, found {error.found}")
        return None, None
    manifest, found = read_manifest(small)
    problems += [f"{problem.path}: {problem.found}" for problem in found]
    if manifest is None:
        return None, None
    entries = [file.entry for file in manifest.files]
    for name, data in small.items():
        file = found_in_memory(name, data, mode=None)
        if file.sha256 is not None and file.blake3 is not None:
            entries.append(FileEntry(name, file.size, file.sha256, file.blake3))
    return manifest, root(entries)


def _glance(folder: Path, manifest: Manifest) -> Iterator[str]:
    """What a listing shows, without a look into files."""
    listed, odd = list_release(folder)
    sizes = {file.path: file.size for file in listed if file.path not in {MANIFEST, CHECKSUMS}}
    stated = {file.path: file.entry.size for file in manifest.files}
    for path in sorted(stated.keys() | sizes.keys()):
        if path not in sizes:
            yield f"{path} is missing"
        elif path not in stated:
            yield f"{path} is extra"
        elif sizes[path] != stated[path]:
            yield f"{path} has {sizes[path]} bytes, not {stated[path]}"
    yield from (f"{problem.path}: {problem.found}" for problem in odd)


def _decision(folder: Path, problems: list[str]) -> str | None:
    try:
        return str(read_object(folder / VERDICT, where=VERDICT).get("decision"))
    except (OSError, FormatError):
        problems.append(f"{VERDICT} cannot be read")
        return None


def _level(attestations: Path, digest: Digest, problems: list[str]) -> int | None:
    attested = read_attested(attestations / REBUILD, root=digest)
    if attested is None or attested.level is None:
        if attested is not None:
            problems.append(f"{REBUILD} does not count: {attested.why}")
        return None
    return attested.level.number


def _commit(folder: Path) -> JSON:
    """The commit that built the release, as it says itself; None where it does not."""
    try:
        return read_object(folder / METADATA, where=METADATA).get("git_commit")
    except (OSError, FormatError):
        return None


def _receipts(
    plan: Plan, attestations: Path, digest: Digest | None, problems: list[str]
) -> Iterator[Receipt]:
    """Receipts of this very release; of any other one is said what it is."""
    version = attestations.name.removesuffix(_ATTESTATIONS)
    for file in receipt_files(attestations):
        name = f"{RECEIPTS}/{file.name}"
        try:
            receipt = read_receipt_file(file)
        except ReleaseError as error:
            problems.append(f"{name} cannot be read: {error.what}")
            continue
        if (receipt.name, receipt.version) != (plan.release.name, version):
            problems.append(f"{name} is of {receipt.name} {receipt.version}")
        elif digest is not None and receipt.root != digest:
            problems.append(f"{name} is of another release of this version, root {receipt.root}")
        else:
            yield receipt


def _yank(attestations: Path, problems: list[str]) -> YankEvent | None:
    try:
        return read_yank(attestations)
    except ReleaseError as error:
        problems.append(f"perhaps yanked: {error}".partition("\n")[0])
        return None


def _tag(
    plan: Plan, version: str, tags: Mapping[str, LocalTag], known: _Known | None, attestations: Path
) -> TagRow | None:
    try:
        name = parse_version(version, plan.release.scheme).tag_name(plan.release.name)
    except ReleaseError:
        return None
    found = tags.get(name)
    if found is None:
        return None
    return TagRow(
        name=name,
        commit=found.tag.commit,
        signed=found.signed,
        binds=known is not None
        and binds(found.message, root=known[0], exact_root=known[1])
        and found.tag.commit == known[2],
        pushed_to=pushed_to(attestations, found.tag.id),
    )
